//! Judges an SVG: it must be a picture and nothing else.
//!
//! Browsers run no script of a picture in a page. They do when somebody opens its address, and an address of ours is of the same
//! origin as the sessions. So whatever could act, lead elsewhere or load something is refused.

use roxmltree::{Attribute, Document, Node, ParsingOptions};

const SVG: &str = "http://www.w3.org/2000/svg";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// The most elements and texts; a logo has some hundreds.
const MOST_NODES: u32 = 20_000;

/// The elements that act, lead elsewhere or hold HTML; in lower case.
const ACTIVE: [&str; 5] = ["script", "foreignobject", "a", "handler", "listener"];

/// The data that a picture may hold: images of pixels, and fonts.
const DATA: [&str; 7] = [
    "data:image/png",
    "data:image/jpeg",
    "data:image/gif",
    "data:image/webp",
    "data:font/",
    "data:application/font-",
    "data:application/x-font-",
];

/// Says what is wrong with an SVG, if anything is.
pub(super) fn complaint(text: &str) -> Option<String> {
    // An entity can hide any of the rest.
    if text.contains("<!ENTITY") {
        return Some("declares entities: export it without them".to_owned());
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(text, options) {
        Ok(document) => document,
        Err(error) => return Some(format!("cannot be read as XML: {error}")),
    };
    let root = document.root_element().tag_name();
    if root.name() != "svg" {
        return Some(format!("is no SVG: its root is `{}`", root.name()));
    }
    if root.namespace() != Some(SVG) {
        return Some(format!("is shown by no browser: its `svg` lacks `xmlns=\"{SVG}\"`"));
    }
    document.descendants().find_map(|node| of_node(&node))
}

fn of_node(node: &Node<'_, '_>) -> Option<String> {
    if node.pi().is_some_and(|instruction| instruction.target == "xml-stylesheet") {
        return Some("loads a style sheet".to_owned());
    }
    if !node.is_element() {
        return None;
    }
    let tag = node.tag_name();
    if tag.namespace() == Some(XHTML) {
        return Some(format!("holds HTML: `{}`", tag.name()));
    }
    if ACTIVE.contains(&&*tag.name().to_ascii_lowercase()) {
        return Some(format!("holds an element `{}`, and must be a picture only", tag.name()));
    }
    let style =
        (tag.name() == "style").then(|| node.descendants().filter_map(|below| below.text()).collect());
    let in_style = style.and_then(|css: String| {
        let loads = css.to_ascii_lowercase().contains("@import") || css.contains('\\');
        if loads { Some("has styles that could load something".to_owned()) } else { of_css(&css) }
    });
    in_style.or_else(|| node.attributes().find_map(|attribute| of_attribute(&attribute)))
}

fn of_attribute(attribute: &Attribute<'_, '_>) -> Option<String> {
    let (name, value) = (attribute.name().to_ascii_lowercase(), attribute.value());
    if name.starts_with("on") {
        return Some(format!("has an event handler, `{}`", attribute.name()));
    }
    if name == "base" {
        return Some("sets a base for addresses".to_owned());
    }
    let target = value.trim().to_ascii_lowercase();
    // `set` and `animate` could give a harmless element a harmful address.
    if name == "attributename" && (target.ends_with("href") || target.starts_with("on")) {
        return Some(format!("animates `{value}`"));
    }
    if matches!(&*name, "href" | "src") && !is_inside(&target) {
        return Some(format!("refers to something outside of itself, `{}`", shortened(value)));
    }
    // Any value may be a style: `fill="url(…)"`.
    of_css(value)
}

/// Judges the addresses in a style.
fn of_css(css: &str) -> Option<String> {
    let lower = css.to_ascii_lowercase();
    if ["image-set(", "image(", "src("].iter().any(|function| lower.contains(function)) {
        return Some("has styles that could load something".to_owned());
    }
    let outside = lower.split("url(").skip(1).find_map(|rest| {
        let target = rest.split(')').next()?.trim().trim_matches(['"', '\'']).trim();
        (!is_inside(target)).then(|| shortened(target))
    });
    outside.map(|target| format!("refers to something outside of itself, `{target}`"))
}

/// Tells whether an address, in lower case, is of the file itself.
fn is_inside(target: &str) -> bool {
    target.starts_with('#') || DATA.iter().any(|data| target.starts_with(data))
}

/// The beginning of a value, for a complaint of one line.
fn shortened(value: &str) -> String {
    value.trim().chars().take(60).collect::<String>().escape_debug().to_string()
}
