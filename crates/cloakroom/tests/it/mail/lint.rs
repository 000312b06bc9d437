//! Every mail in every language, judged by what mail programs are known to do: Gmail cuts long mails and drops large
//! style sheets, Outlook for Windows lays out with Word, dark modes change colours, and many show no pictures.

use std::collections::BTreeSet;
use std::path::Path;

use cloakroom::Config;
use cloakroom::mailing::{self, MailView};
use cloakroom::testing::TestApp;

use crate::support::mail_html::{Element, MailHtml, contrast};

/// The size in bytes beyond which Gmail hides the rest of a mail behind "View entire message".
const GMAIL_CLIPS: usize = 102 * 1024;
/// The characters of one style sheet beyond which Gmail drops it.
const GMAIL_STYLES: usize = 8192;
/// The width of the card in pixels. Outlook's window and most previews show it whole.
const WIDTH: u32 = 600;
/// The least contrast of text (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;

/// Elements that every mail program lays out alike. None of them runs, submits, embeds or loads anything but a picture.
const ELEMENTS: [&str; 17] = [
    "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "p", "a", "br", "ul",
    "li", "img",
];
/// Inline properties that Gmail keeps, and that Word obeys or can do without.
const PROPERTIES: [&str; 22] = [
    "background-color",
    "border",
    "border-radius",
    "border-top",
    "color",
    "display",
    "font-family",
    "font-size",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "max-height",
    "max-width",
    "mso-hide",
    "mso-padding-alt",
    "overflow",
    "overflow-wrap",
    "padding",
    "text-decoration",
    "word-break",
];
/// Elements that Word gives margins and paddings as other programs do.
const SPACED: [&str; 6] = ["body", "td", "h1", "p", "ul", "li"];

fn plain() -> Config {
    TestApp::config("sqlite:never-opened.db")
}

/// A brand with everything that a mail can show, and a name as long as one may be.
fn branded() -> Config {
    let mut config = plain();
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail/logo.png");
    config.app.name = "W".repeat(200);
    config.app.logo = Some(picture.clone());
    config.app.logo_dark = Some(picture);
    config.app.accent = Some("#7a3cff".to_owned());
    config.app.support = Some("help@example.com".to_owned());
    config.app.terms = Some("/terms".to_owned());
    config.app.privacy = Some("https://example.com/privacy".to_owned());
    config
}

/// Judges every mail, in every language, with and without a brand.
fn judge(judge: impl Fn(&MailView, &MailHtml, &str)) {
    for config in [plain(), branded()] {
        for language in mailing::locales() {
            for name in mailing::names() {
                let mail = mailing::preview(&config, name, language).unwrap();
                judge(&mail, &MailHtml::parse(&mail.html), &format!("{name} {language}"));
            }
        }
    }
}

#[test]
fn no_mail_is_cut_by_gmail_and_no_style_sheet_is_dropped() {
    judge(|mail, html, about| {
        assert!(mail.html.len() < GMAIL_CLIPS, "{about}: {} bytes", mail.html.len());
        for sheet in html.style_sheets() {
            assert!(sheet.len() < GMAIL_STYLES, "{about}: {} characters", sheet.len());
            for unsafe_rule in ["@import", "@font-face", "url(", "["] {
                assert!(!sheet.contains(unsafe_rule), "{about}: {unsafe_rule}");
            }
        }
    });
}

#[test]
fn mails_have_only_elements_and_styles_that_every_program_lays_out_alike() {
    judge(|_, html, about| {
        for element in &html.elements {
            let name = &*element.name;
            assert!(ELEMENTS.contains(&name), "{about}: <{name}>");
            assert!(!element.attributes.contains_key("background"), "{about}: a picture behind text");
            for (property, value) in element.style() {
                assert!(PROPERTIES.contains(&&*property), "{about}: <{name}> {property}");
                let is_spacing = ["margin", "padding"].contains(&&*property);
                let is_alone = element.style().contains_key("display");
                assert!(
                    !is_spacing || SPACED.contains(&name) || is_alone,
                    "{about}: <{name}> {property}, for Word"
                );
                for modern in ["url(", "rgb", "hsl", "var(", "calc(", "rem", "vw", "flex", "grid", " -"] {
                    assert!(
                        !value.contains(modern) && !value.starts_with('-'),
                        "{about}: {property}: {value}"
                    );
                }
            }
        }
    });
}

#[test]
fn tables_are_for_layout_and_no_wider_than_the_window() {
    judge(|mail, html, about| {
        for table in html.named("table") {
            assert_eq!(table.attribute("role"), "presentation", "{about}");
            for attribute in ["cellpadding", "cellspacing", "border"] {
                assert_eq!(table.attribute(attribute), "0", "{about}: {attribute}");
            }
            assert!(["", "100%"].contains(&table.attribute("width")), "{about}");
        }
        let card = html.named("table").filter(|table| table.style().contains_key("max-width"));
        let widths: Vec<String> = card.map(|table| table.style()["max-width"].clone()).collect();
        assert_eq!(widths, [format!("{WIDTH}px")], "{about}");
        // Word does not know `max-width`, so it gets a table of that width around the card.
        let for_word: Vec<&String> =
            html.comments.iter().filter(|comment| comment.starts_with("[if mso]")).collect();
        assert!(for_word.iter().any(|comment| comment.contains(&format!("width=\"{WIDTH}\""))), "{about}");
        assert_eq!(
            mail.html.matches("<!--[if ").count(),
            mail.html.matches("<![endif]-->").count(),
            "{about}"
        );
        let opened: usize = for_word.iter().map(|comment| comment.matches("<table").count()).sum();
        let closed: usize = for_word.iter().map(|comment| comment.matches("</table>").count()).sum();
        assert_eq!(opened, closed, "{about}");
    });
}

#[test]
fn the_button_is_whole_without_pictures_style_sheets_and_padded_links() {
    judge(|mail, html, about| {
        let is_button = |element: &&Element| element.attribute("class") == "button";
        let buttons: Vec<&Element> = html.named("td").filter(is_button).collect();
        assert_eq!(buttons.len(), usize::from(mail.text.contains("\nhttp")), "{about}");
        for button in buttons {
            let style = button.style();
            assert_eq!(style["background-color"], button.attribute("bgcolor"), "{about}");
            assert_eq!(style["mso-padding-alt"], "12px 24px", "{about}: Word pads no link");
        }
    });
}

#[test]
fn pictures_have_a_text_and_a_whole_address_and_links_lead_somewhere() {
    judge(|mail, html, about| {
        let pictures = if mail.text.contains("WWW") { 2 } else { 0 };
        assert_eq!(html.named("img").count(), pictures, "{about}: the logo for light and dark");
        for picture in html.named("img") {
            assert!(
                !picture.attribute("alt").is_empty() && !picture.attribute("height").is_empty(),
                "{about}"
            );
            let source = picture.attribute("src");
            let is_whole = source.starts_with("http://localhost:3000/_cloakroom/");
            assert!(
                is_whole && source.rsplit_once('.').is_some_and(|(_, kind)| kind == "png"),
                "{about}: {source}; Gmail shows no SVG, Outlook no WebP"
            );
        }
        for link in html.named("a") {
            let target = link.attribute("href");
            let begins = ["http://localhost:3000/", "https://example.com/", "mailto:help@example.com"];
            assert!(begins.iter().any(|begin| target.starts_with(begin)), "{about}: {target}");
            assert!(link.style().contains_key("color"), "{about}: Gmail has a blue of its own for links");
        }
    });
}

#[test]
fn every_text_can_be_read_in_light_and_dark_even_where_style_sheets_are_stripped() {
    judge(|_, html, about| {
        let dark = html.dark_rules();
        for text in html.visible() {
            let light = |property: &str| {
                let mut values =
                    html.around(text.parent).filter_map(|element| element.style().remove(property));
                values.next().unwrap_or_else(|| panic!("{about}: {property} of {:?}", text.text))
            };
            let in_the_dark = |property: &str| {
                let of = |element: &Element| {
                    let mut rules = element.attribute("class").split(' ').filter_map(|class| dark.get(class));
                    rules
                        .find_map(|rule| rule.get(property).cloned())
                        .or_else(|| element.style().remove(property))
                };
                html.around(text.parent).find_map(of).unwrap()
            };
            for size in ["font-size", "line-height", "font-family"] {
                assert!(!light(size).is_empty());
            }
            let [paper, ink] = [light("background-color"), light("color")];
            assert!(contrast(&paper, &ink) >= READABLE, "{about}: {ink} on {paper}: {:?}", text.text);
            let [paper, ink] = [in_the_dark("background-color"), in_the_dark("color")];
            assert!(contrast(&paper, &ink) >= READABLE, "{about}: dark: {ink} on {paper}: {:?}", text.text);
        }
    });
}

#[test]
fn dark_mode_is_announced_and_every_rule_is_for_something() {
    judge(|_, html, about| {
        let announced = |name: &str| {
            html.named("meta")
                .any(|meta| meta.attribute("name") == name && meta.attribute("content") == "light dark")
        };
        assert!(announced("color-scheme") && announced("supported-color-schemes"), "{about}");
        let classes: BTreeSet<&str> =
            html.elements.iter().flat_map(|element| element.attribute("class").split(' ')).collect();
        // What a mail may lack: a button, a link, a code.
        let optional = ["button", "action", "link", "code"];
        for (class, style) in html.dark_rules() {
            assert!(classes.contains(&*class) || optional.contains(&&*class), "{about}: .{class}");
            assert!(!style.is_empty(), "{about}: .{class}");
        }
    });
}

#[test]
fn the_preheader_is_hidden_says_something_new_and_keeps_the_secret() {
    judge(|mail, html, about| {
        let hidden =
            html.elements.iter().position(|element| element.style().contains_key("mso-hide")).unwrap();
        let text: String =
            html.texts.iter().filter(|text| text.parent == hidden).map(|text| &*text.text).collect();
        let preheader =
            text.trim_end_matches(|one: char| one.is_whitespace() || "\u{34f}\u{200c}\u{a0}".contains(one));
        let length = preheader.chars().count();
        assert!((20..=100).contains(&length), "{about}: {length} characters: {preheader}");
        assert!(text.chars().count() > 150, "{about}: what follows is kept out of the list");
        assert!(
            !mail.subject.contains(preheader) && !preheader.contains(&mail.subject),
            "{about}: {preheader}"
        );
        assert!(
            !preheader.contains("482913") && !preheader.contains("http"),
            "{about}: a locked screen shows it"
        );
    });
}

#[test]
fn the_plain_text_says_what_the_html_says_in_the_same_order() {
    judge(|mail, html, about| {
        let words = |text: &str| -> Vec<String> {
            let text = text.replace([':', '-', '\u{a0}'], " ");
            text.split_whitespace().map(str::to_owned).collect()
        };
        let mut seen = String::new();
        let mut name = String::new();
        for text in html.visible() {
            let element = &html.elements[text.parent];
            let classes = element.attribute("class");
            // The header shows the name, and the sentence before the plain address is about the button.
            let is_header = classes.contains("edge") && classes.contains("text");
            let is_about_button = element.name == "p" && classes == "muted";
            if is_header {
                text.text.trim().clone_into(&mut name);
            } else if !is_about_button {
                seen.push_str(&text.text);
                seen.push('\n');
                let target = element.attribute("href");
                // Links of the footer show no address; in the text there is nothing but it.
                if classes == "link" && text.text.trim() != target {
                    seen.push_str(target.trim_start_matches("mailto:"));
                    seen.push('\n');
                }
            }
        }
        let (body, footer) = mail.text.split_once("\n--\n").unwrap();
        let (signed, footer) = footer.split_once('\n').unwrap();
        assert!(name.is_empty() || name == signed, "{about}");
        assert_eq!(words(&seen), words(&format!("{body}\n{footer}")), "{about}");
    });
}
