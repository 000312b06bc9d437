//! The HTML of a mail, taken apart, so that tests can judge it as a mail program would read it.

use std::collections::BTreeMap;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// Elements without an end tag.
const VOID: [&str; 4] = ["br", "img", "meta", "link"];

/// The properties of a style, by their name.
pub(crate) type Style = BTreeMap<String, String>;

/// An element, with its place in the tree.
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    parent: Option<usize>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Returns the properties of the `style` attribute.
    pub(crate) fn style(&self) -> Style {
        style(self.attribute("style"))
    }
}

/// A text, and the element that it stands in.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) parent: usize,
}

/// A mail's HTML.
#[derive(Default)]
pub(crate) struct MailHtml {
    pub(crate) elements: Vec<Element>,
    pub(crate) texts: Vec<Text>,
    pub(crate) comments: Vec<String>,
}

impl MailHtml {
    /// Takes the HTML apart, and panics when an element is not closed where it should be.
    pub(crate) fn parse(html: &str) -> Self {
        let mut found = Self::default();
        let mut open: Vec<usize> = Vec::new();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    let name = text(&tag.name);
                    let attributes =
                        tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect();
                    let is_void = VOID.contains(&&*name);
                    found.elements.push(Element { name, attributes, parent: open.last().copied() });
                    if !is_void {
                        open.push(found.elements.len() - 1);
                    }
                }
                Token::EndTag(tag) => {
                    let element = open.pop().map(|index| found.elements[index].name.as_bytes());
                    assert_eq!(element, Some(&tag.name[..]), "elements are closed in their order");
                }
                Token::String(text) => {
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    if let Some(parent) = open.last() {
                        found.texts.push(Text { text, parent: *parent });
                    }
                }
                Token::Comment(text) => found.comments.push(String::from_utf8(text.to_vec()).unwrap()),
                Token::Doctype(_) => {}
                Token::Error(error) => panic!("{error:?}"),
            }
        }
        assert!(open.is_empty(), "every element is closed");
        found
    }

    /// Returns an element and those around it, from the inside.
    pub(crate) fn around(&self, index: usize) -> impl Iterator<Item = &Element> {
        std::iter::successors(Some(index), |index| self.elements[*index].parent)
            .map(|index| &self.elements[index])
    }

    /// Returns every element of that name.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// Returns the texts that a reader sees.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Text> {
        self.texts.iter().filter(|text| {
            let in_head = |element: &Element| ["head", "style", "title"].contains(&&*element.name);
            let is_hidden =
                |element: &Element| element.style().get("display").is_some_and(|value| value == "none");
            !text.text.trim().is_empty()
                && !self.around(text.parent).any(|each| in_head(each) || is_hidden(each))
        })
    }

    /// Returns the style sheets of the head that mail programs other than Outlook read.
    pub(crate) fn style_sheets(&self) -> Vec<&str> {
        let is_style = |text: &&Text| self.elements[text.parent].name == "style";
        self.texts.iter().filter(is_style).map(|text| text.text.as_str()).collect()
    }

    /// Returns the classes that have other properties where dark mails are preferred.
    pub(crate) fn dark_rules(&self) -> BTreeMap<String, Style> {
        let sheets = self.style_sheets().concat();
        let (_, rest) = sheets.split_once("@media (prefers-color-scheme: dark) {").expect("a dark mode");
        let block = rest.split("\n}").next().unwrap();
        let rules = block.split('}').filter_map(|rule| rule.split_once('{'));
        rules
            .map(|(selector, body)| {
                let class = selector.trim().strip_prefix('.').expect("rules name one class").to_owned();
                (class, style(&body.replace("!important", "")))
            })
            .collect()
    }
}

/// Reads declarations such as `margin:0; color: #151A21`.
fn style(declarations: &str) -> Style {
    let pairs = declarations.split(';').filter_map(|each| each.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// Returns the contrast of two colours such as `#151A21` (WCAG 2.2, relative luminance).
pub(crate) fn contrast(one: &str, other: &str) -> f64 {
    let [bright, dim] = {
        let (one, other) = (luminance(one), luminance(other));
        if one > other { [one, other] } else { [other, one] }
    };
    (bright + 0.05) / (dim + 0.05)
}

fn luminance(color: &str) -> f64 {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6);
    let digits = digits.unwrap_or_else(|| panic!("{color} is not #rrggbb, which every mail program reads"));
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
