//! The languages of pages and mails.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Locale {
    /// English, also when no other language fits.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Locale {
    /// All languages.
    pub(crate) const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::Es];

    /// Returns the tag (RFC 5646), as in `<html lang>`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// Returns the language with exactly that tag.
    pub(crate) fn exactly(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }

    /// Returns the language of that tag, whatever its region.
    pub(crate) fn tagged(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }

    /// Returns the language of `offered` that the reader likes best (RFC 9110, section 12.5.4), or else the first.
    pub(crate) fn from_accept_language(header: &str, offered: &[Self]) -> Self {
        let first = offered.first().copied().unwrap_or_default();
        let mut best = (0, first);
        for range in header.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            // `*` is any language; readers without another preference get the first.
            let locale = match tag.trim() {
                "*" => Some(first),
                tag => Self::tagged(tag).filter(|locale| offered.contains(locale)),
            };
            let weight = thousandths(weight);
            if let Some(locale) = locale
                && weight > best.0
            {
                best = (weight, locale);
            }
        }
        best.1
    }
}

/// Reads `q=0.8` as 800. An unreadable weight counts as no preference.
fn thousandths(weight: &str) -> u16 {
    let value = weight.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    let Some(value) = value.map(str::trim) else { return 0 };
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" => 1000,
        "0" if part.len() <= 3 && is_digits(part) => format!("{part:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Locale::{self, De, En, Es, Fr};

    #[test]
    fn the_language_liked_best_is_taken() {
        for (header, expected) in [
            ("", En),
            ("de", De),
            ("de-AT", De),
            ("DE-ch, en;q=0.9", De),
            ("en-GB,en;q=0.9,de;q=0.8", En),
            ("en;q=0.5, de;q=0.8", De),
            ("en;q=0.799, de;q=0.8", De),
            ("it, de;q=0.2", De),
            ("it", En),
            ("fr-CA, en;q=0.5", Fr),
            ("es-419", Es),
            ("it, *;q=0.5, de;q=0.3", En),
            ("*", En),
            ("de;q=0", En),
            ("de;q=0.000, en;q=0.001", En),
            ("de;q=2, en", En),
            ("de;level=1", En),
            (" de ; q=1 ", De),
            ("den, deu", En),
            ("en, de", En),
            ("de, en", De),
            (";;,=;q,\u{e4}", En),
        ] {
            assert_eq!(Locale::from_accept_language(header, &Locale::ALL), expected, "{header:?}");
        }
    }

    #[test]
    fn a_language_that_is_not_offered_is_not_taken() {
        for (header, offered, expected) in [
            ("en", &[De][..], De),
            ("de", &[En], En),
            ("fr, *;q=0.5, en;q=0.3", &[De, En], De),
            ("en", &[De, En], En),
        ] {
            assert_eq!(Locale::from_accept_language(header, offered), expected, "{header:?}");
        }
    }
}
