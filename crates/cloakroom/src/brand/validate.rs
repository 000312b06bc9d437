//! Judges `[app]`: name, links and languages here, files and the accent by opening them.

use url::Url;

use super::file;
use super::palette::Palette;
use crate::config::{App, Complaint};
use crate::model::email::Email;
use crate::model::locale::Locale;

/// The most characters of a name: more would not fit into the header of a page or the subject of a mail.
const LONGEST_NAME: usize = 100;

/// Complains about what pages and mails cannot show.
pub(crate) fn validate(app: &App) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut judge = |key: &str, told: Option<String>| {
        found.extend(told.map(|told| Complaint::new(format!("app.{key}"), told)));
    };
    judge("name", of_name(&app.name));
    for (key, path) in [("logo", &app.logo), ("logo_dark", &app.logo_dark), ("icon", &app.icon)] {
        judge(key, path.as_ref().and_then(|path| file::read(key, path).err()));
    }
    if app.logo.is_none() && app.logo_dark.is_some() {
        judge("logo_dark", Some("needs a `logo` for light pages beside it".to_owned()));
    }
    judge("accent", app.accent.as_ref().and_then(|accent| Palette::of(accent).err()));
    judge("support", app.support.as_ref().and_then(|text| of_support(text)));
    for (key, link) in [("terms", &app.terms), ("privacy", &app.privacy)] {
        judge(key, link.as_ref().and_then(|text| of_link(text)));
    }
    judge("languages", of_languages(&app.languages));
    found
}

fn of_name(name: &str) -> Option<String> {
    // The last ones turn the direction of the text around them.
    let is_unseen =
        |sign: char| sign.is_control() || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.trim().is_empty() || name.chars().any(is_unseen) {
        return Some("must be a name of one line".to_owned());
    }
    let length = name.chars().count();
    (length > LONGEST_NAME)
        .then(|| format!("has {length} characters, and at most {LONGEST_NAME} have a place"))
}

fn of_support(text: &str) -> Option<String> {
    if Email::parse(text).is_some() || of_link(text).is_none() {
        return None;
    }
    let text = text.escape_debug();
    Some(format!("`{text}` is neither an address, as in `help@example.com`, nor a URL, nor a path"))
}

/// Judges a link: `https://…`, `http://…`, or a path on the origin of the pages.
fn of_link(text: &str) -> Option<String> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    // Browsers leave tabs and line breaks out of an address, and read a backslash as a slash.
    let is_clean = !text.contains(|sign: char| sign.is_control() || sign.is_whitespace() || sign == '\\');
    let is_url = || {
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        is_web && Url::parse(text).is_ok()
    };
    let is_link = is_clean && (is_path || is_url());
    (!is_link).then(|| {
        let text = text.escape_debug();
        format!("`{text}` is neither a URL, as in `https://example.com/terms`, nor a path, as in `/terms`")
    })
}

fn of_languages(languages: &[String]) -> Option<String> {
    let known = || Locale::ALL.map(|locale| format!("`{}`", locale.tag())).join(", ");
    if languages.is_empty() {
        return Some(format!("must name one at least; there are texts in {}", known()));
    }
    for (place, tag) in languages.iter().enumerate() {
        if Locale::exactly(tag).is_none() {
            return Some(format!("has no texts in `{}`; there are texts in {}", tag.escape_debug(), known()));
        }
        if languages[..place].contains(tag) {
            return Some(format!("names `{tag}` twice"));
        }
    }
    None
}
