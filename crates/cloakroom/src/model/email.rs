//! An email address as a person typed it, and the one spelling by which it is compared.
//!
//! Two spellings that people take for the same address must never make two accounts (CVE-2019-19844), and mail goes
//! only to the spelling that was stored. So the comparison form folds case (Unicode case folding, not lower case: `ς` is `σ`)
//! and compatibility forms (NFKC), and writes the domain as ASCII (IDNA), while what was typed is kept.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;

/// The longest address that fits an SMTP path (RFC 5321, section 4.5.3.1.3), in bytes.
const LONGEST: usize = 254;
/// The longest part before the `@` (RFC 5321, section 4.5.3.1.1), in bytes.
const LONGEST_LOCAL: usize = 64;

/// A well-formed email address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    spelling: String,
    canonical: String,
    lower: Option<String>,
}

impl Email {
    /// Parses an address. Returns `None` when it is not one, or when a mail server could read it as another address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let spelling = text.trim_matches([' ', '\t', '\r', '\n']);
        if spelling.len() > LONGEST || spelling.chars().any(is_deceptive) {
            return None;
        }
        let (local, domain) = spelling.split_once('@')?;
        // Folded before it is checked: a full-width `＠` becomes a second `@` here and is refused.
        let typed = local;
        let local = fold(typed);
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).ok()?;
        if !is_local_part(&local) || !is_domain(&domain) {
            return None;
        }
        let canonical = format!("{local}@{domain}");
        let lower = Some(format!("{}@{domain}", lower(typed))).filter(|lower| *lower != canonical);
        (canonical.len() <= LONGEST).then(|| Self { spelling: spelling.to_owned(), canonical, lower })
    }

    /// Returns the address as it was typed. Mail goes to this spelling.
    pub(crate) fn spelling(&self) -> &str {
        &self.spelling
    }

    /// Returns the form by which two addresses are compared.
    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// Returns the form by which older versions compared addresses, in lower case. Two accounts that older versions kept apart
    /// are both still found by it. For nearly every address it is the canonical form.
    pub(crate) fn lower(&self) -> &str {
        self.lower.as_deref().unwrap_or(&self.canonical)
    }

    /// Tells whether it may be reached from the internet. The domain has a dot, and its last label is no number, as in an
    /// address of a machine (RFC 3696, section 2; URL standard, "ends in a number").
    pub(crate) fn is_public(&self) -> bool {
        let domain = self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain);
        domain.rsplit_once('.').is_some_and(|(_, last)| {
            let digits = last.strip_prefix("0x").unwrap_or(last);
            let is_digit = |byte: u8| {
                if digits.len() == last.len() { byte.is_ascii_digit() } else { byte.is_ascii_hexdigit() }
            };
            !digits.bytes().all(is_digit)
        })
    }

    /// Returns the canonical form without a `+tag` (RFC 5233). All addresses that share it usually belong to one mailbox.
    pub(crate) fn mailbox(&self) -> String {
        let (local, domain) = self.canonical.split_once('@').unwrap_or((&self.canonical, ""));
        match local.split_once('+') {
            Some((mailbox, _)) if !mailbox.is_empty() => format!("{mailbox}@{domain}"),
            _ => self.canonical.clone(),
        }
    }
}

/// Folds case and compatibility forms (Unicode, compatibility caseless match, definition D146). Text that was folded once may
/// fold again (as `İ`), so both steps run until nothing changes.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let once = |text: &str| -> String {
        let text: String = text.nfkc().collect();
        CaseMapper::new().fold_string(&text).nfkc().collect()
    };
    let folded = once(text);
    once(&folded)
}

/// Folds an address as versions before Unicode case folding did.
fn lower(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

/// Tells whether a character is a control, white space or invisible, or one at which mail servers split addresses.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || character.is_whitespace()
        || matches!(character, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\')
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_local_part(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= LONGEST_LOCAL
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !local.contains('@')
        && !local.contains('%')
        && !local.chars().any(is_deceptive)
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty()
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::{Email, fold};

    fn canonical(text: &str) -> Option<String> {
        Email::parse(text).map(|email| email.canonical)
    }

    #[test]
    fn b08_spellings_of_one_address_compare_as_equal() {
        for spelling in
            ["V@x.test", "v@X.TEST", " v@x.test ", "\u{ff56}@x.test", "v@\u{ff58}.test", "\u{ff36}@x.test"]
        {
            assert_eq!(canonical(spelling).as_deref(), Some("v@x.test"), "{spelling:?}");
        }
        let composed = canonical("ren\u{e9}@x.test");
        assert_eq!(canonical("rene\u{301}@x.test"), composed);
        assert_eq!(canonical("\u{212a}im@x.test").as_deref(), Some("kim@x.test"), "kelvin sign");
    }

    #[test]
    fn finding_n15_case_is_folded_and_not_only_lowered() {
        for (one, other) in [
            ("\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c2}", "\u{39d}\u{38a}\u{39a}\u{39f}\u{3a3}"),
            ("stra\u{df}e", "STRA\u{1e9e}E"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{13a0}", "\u{ab70}"),
            ("\u{3b2}", "\u{3d0}"),
            ("\u{1e61}", "\u{1e9b}"),
            ("\u{1fc3}", "\u{1fcc}"),
        ] {
            let (one, other) = (format!("{one}@x.test"), format!("{other}@x.test"));
            assert!(canonical(&one).is_some());
            assert_eq!(canonical(&one), canonical(&other), "{one} {other}");
        }
        let nikos = Email::parse("\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c2}@x.test").unwrap();
        assert_eq!(nikos.lower(), nikos.spelling(), "the form of older versions");
        assert_ne!(nikos.lower(), nikos.canonical());
        assert_eq!(Email::parse("Ada@x.test").unwrap().lower(), "ada@x.test");
    }

    #[test]
    fn a_tag_is_left_out_of_a_mailbox_and_nothing_else() {
        for (address, mailbox) in [
            ("Ada+news@x.test", "ada@x.test"),
            ("ada+a+b@x.test", "ada@x.test"),
            ("ada@x.test", "ada@x.test"),
            ("+ada@x.test", "+ada@x.test"),
        ] {
            assert_eq!(Email::parse(address).unwrap().mailbox(), mailbox);
        }
    }

    /// Tests every character that folds into another. An address that was folded once does not change when it is folded again.
    /// So no second account can be made with the first one's stored form. Folding gives no invisible character, and none that
    /// splits an address.
    #[test]
    fn b08_t11_what_was_folded_once_stays_as_it_is() {
        let folds = |character: &char| fold(&character.to_string()) != character.to_string();
        for character in ('\0'..='\u{2fa1f}').filter(folds) {
            for text in [format!("a{character}b@x.test"), format!("ab@a{character}b.test")] {
                let Some(once) = canonical(&text) else { continue };
                assert_eq!(canonical(&once).as_ref(), Some(&once), "{text:?}");
                assert_eq!(once.matches('@').count(), 1, "{text:?}");
            }
        }
    }

    #[test]
    fn t11_letters_that_only_look_alike_stay_apart() {
        assert_ne!(canonical("m\u{131}ke@x.test"), canonical("mike@x.test"));
    }

    #[test]
    fn t12_an_address_that_could_be_read_as_two_is_refused() {
        for text in [
            "",
            "@",
            "a@",
            "@x",
            "a",
            "a@x,v@y",
            "a@x v@y",
            "\"a@x\"@y",
            "a@evil@x",
            "a\u{ff20}evil@x",
            "a@evil\u{ff20}x",
            "a\u{fe6b}evil@x",
            "a@x\r\nBcc:v@y",
            "a@x%0d%0aBcc:v@y",
            "a\0@x",
            "<b>@x",
            ".a@x",
            "a.@x",
            "a..b@x",
            "a@x.",
            "a@.x",
            "a@x..y",
            "a@-x",
            "a\u{200b}@x",
            "a\u{2800}@x",
            "a\u{1bca0}@x",
            "a@x\u{200b}",
            "a%40evil@x",
            "(a)@x",
        ] {
            assert_eq!(canonical(text), None, "{text:?}");
        }
        assert_eq!(canonical(&format!("{}@x.test", "a".repeat(65))), None);
        assert_eq!(canonical(&format!("a@{}.test", "x".repeat(260))), None);
    }

    #[test]
    fn finding_s17_an_address_on_the_internet_has_a_dot_and_no_number_at_its_end() {
        for (text, expected) in [
            ("a@x.test", true),
            ("a@1.2.3.example", true),
            ("a@x.4you", true),
            ("a@x.0xyz", true),
            ("a@b\u{fc}cher.example", true),
            ("a@com", false),
            ("root@localhost", false),
            ("a@127.0.0.1", false),
            ("a@127.0.0.0x1", false),
            ("a@127.0.0.0x", false),
            ("a@1\u{3002}2", false),
            ("a@\u{ff11}27.0.0.\u{ff11}", false),
        ] {
            assert_eq!(Email::parse(text).unwrap().is_public(), expected, "{text}");
        }
    }

    #[test]
    fn the_spelling_given_is_kept() {
        assert_eq!(Email::parse(" Ada@Example.TEST ").unwrap().spelling(), "Ada@Example.TEST");
    }
}
