//! The rules for a new password (NIST SP 800-63B, section 3.1.1.2; ASVS 6.2).
//!
//! Length counts, composition does not: no rule asks for a digit. A sign-in is not judged here, so that a password chosen under
//! older rules goes on working.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use crate::config::{self, Complaint, Config};
use crate::error::{Error, Invalid};
use crate::model::email::{Email, fold};
use crate::password;

/// The most bytes a password may have, as typed or in NFC. A longer one is refused before anything is computed from it.
pub(crate) const LONGEST_PASSWORD: usize = 256;
/// The longest return path, in bytes.
const LONGEST_RETURN_TO: usize = 2048;
/// The lowest value of `password.min_length` (NIST SP 800-63B, section 3.1.1.2).
const LOWEST_MIN_LENGTH: usize = 8;

/// Passwords of eight characters and more that lead the lists of leaked ones, in lower case and in order. They are the union of
/// those in zxcvbn-ts (MIT) and Django (BSD).
static COMMON: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// The number of letters that must be left of a password without everything that anyone could know of the account.
const OWN_LETTERS: usize = 4;

/// Complains about a minimum length that would be unsafe, or that nobody could meet.
pub(crate) fn validate(password: &config::Password) -> Vec<Complaint> {
    let most = LONGEST_PASSWORD / 4;
    if (LOWEST_MIN_LENGTH..=most).contains(&password.min_length) {
        return Vec::new();
    }
    vec![Complaint::new("password.min_length", format!("must be from {LOWEST_MIN_LENGTH} to {most}"))]
}

/// Takes an address from a form.
///
/// # Errors
/// A complaint about the field `email`.
pub(crate) fn address(text: &str) -> Result<Email, Invalid> {
    match Email::parse(text) {
        Some(email) => Ok(email),
        None if text.trim().is_empty() => Err(Invalid::new("email", "required", "Enter your email address.")),
        None => Err(no_address()),
    }
}

/// Takes an address that mail is to go to from now on: one on the internet, unless `mail.allow_local`. The owner of an existing
/// account signs in with whatever address it has.
///
/// # Errors
/// A complaint about the field `email`.
pub(crate) fn new_address(config: &Config, text: &str) -> Result<Email, Invalid> {
    let email = address(text)?;
    if config.mail.allow_local || email.is_public() { Ok(email) } else { Err(no_address()) }
}

fn no_address() -> Invalid {
    Invalid::new("email", "invalid", "Enter a full email address, like name@example.com.")
}

/// Returns the values of two fields of a form, or what is wrong with them, both complaints at once.
///
/// # Errors
/// [`Error::Validation`].
pub(crate) fn both<A, B>(one: Result<A, Invalid>, other: Result<B, Invalid>) -> Result<(A, B), Error> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(Error::Validation(one.err().into_iter().chain(other.err()).collect())),
    }
}

/// Parses an address from storage, which holds only addresses.
///
/// # Errors
/// [`Error::Internal`] for a text that is no address.
pub(crate) fn stored_address(text: &str) -> crate::error::Result<Email> {
    Email::parse(text).ok_or_else(|| Error::internal("a stored address is none"))
}

/// Checks a return path: a path of ours that no browser could read as another site's (RFC 3986, section 4.2).
///
/// # Errors
/// A complaint about the field `return_to`.
pub(crate) fn return_to(text: &str) -> Result<(), Invalid> {
    let path = text.split('?').next().unwrap_or_default();
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let is_odd = |byte: &u8| byte.is_ascii_control() || *byte == b'\\';
    let is_ours = text.len() <= LONGEST_RETURN_TO
        && text.starts_with('/')
        && !text.chars().any(char::is_control)
        && !decoded.iter().any(is_odd)
        && !decoded.windows(2).any(|pair| pair == b"//")
        && std::str::from_utf8(&decoded).is_ok_and(|path| !path.chars().any(char::is_control));
    if is_ours {
        Ok(())
    } else {
        Err(Invalid::new("return_to", "invalid", "Use a path on this site, like /account."))
    }
}

/// Checks a password that was chosen before, to which today's rules do not apply. `field` is its name in the form.
///
/// # Errors
/// A complaint about it, when no account can have it.
pub(crate) fn known_password(password: &str, field: &str) -> Result<(), Invalid> {
    if password.is_empty() {
        Err(Invalid::new(field, "required", "Enter your password."))
    } else if is_too_long(password) {
        Err(Invalid::new(field, "too_long", format!("Passwords are at most {LONGEST_PASSWORD} bytes long.")))
    } else {
        Ok(())
    }
}

/// Judges a new password under the rules of `config`, for the account of `email`, if that is known.
///
/// # Errors
/// A complaint about the field `password`.
pub(crate) fn password_of(config: &Config, password: &str, email: Option<&Email>) -> Result<(), Invalid> {
    new_password(password, email, &config.app.name, config.password.min_length)
}

fn new_password(
    password: &str,
    email: Option<&Email>,
    app_name: &str,
    min_length: usize,
) -> Result<(), Invalid> {
    let refuse = |code, detail: String| Err(Invalid::new("password", code, detail));
    if password.is_empty() {
        return refuse("required", "Choose a password.".into());
    }
    if is_too_long(password) {
        return refuse("too_long", format!("Use at most {LONGEST_PASSWORD} bytes."));
    }
    // Each form of the same visible password gets the same judgement.
    let password = &*password::normalised(password);
    if password.chars().count() < min_length {
        return refuse("too_short", format!("Use at least {min_length} characters."));
    }
    let lower = password.to_lowercase();
    if COMMON.binary_search(&lower.trim()).is_ok() {
        return refuse(
            "too_common",
            "This password is on the lists that attackers try first. Choose another.".into(),
        );
    }
    if is_made_of(&fold(password), email, app_name) {
        return refuse(
            "too_similar",
            "This password is too close to your email address or to the name of this app. Choose another."
                .into(),
        );
    }
    Ok(())
}

/// Tells whether a password is longer than the limit, also in NFC. A decomposed letter has at most four times the bytes, so no
/// longer text is normalised.
fn is_too_long(password: &str) -> bool {
    password.len() > LONGEST_PASSWORD
        && (password.len() > 4 * LONGEST_PASSWORD || password::normalised(password).len() > LONGEST_PASSWORD)
}

/// Tells whether little is left of `password` without the words in the address and the app's name.
fn is_made_of(password: &str, email: Option<&Email>, app_name: &str) -> bool {
    let address = email.map(Email::canonical).unwrap_or_default();
    let app_name = fold(app_name);
    let mut words: Vec<&str> = address
        .split(|character: char| !character.is_alphanumeric())
        .chain(app_name.split(|character: char| !character.is_alphanumeric()))
        .chain(["cloakroom"])
        .filter(|word| word.chars().count() >= 3)
        .collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = password.to_owned();
    for word in words {
        rest = rest.replace(word, "");
    }
    rest.len() < password.len()
        && rest.chars().filter(|character| character.is_alphabetic()).count() < OWN_LETTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), &'static str> {
        let email = Email::parse("ada.lovelace@example.test").unwrap();
        new_password(password, Some(&email), "Acme Analytics", 10).map_err(|invalid| invalid.code)
    }

    #[test]
    fn the_list_of_common_passwords_is_in_order() {
        assert!(COMMON.is_sorted());
        assert!(COMMON.len() > 10_000);
    }

    #[test]
    fn w04_common_passwords_and_those_made_of_what_everyone_knows_are_refused() {
        for common in ["1234567890", "qwertyuiop", "1q2w3e4r5t", "Basketball", "PASSWORD123", "tinkerbell"] {
            assert_eq!(judge(common), Err("too_common"), "{common}");
        }
        for similar in
            ["ada.lovelace", "ada.lovelace@example.test", "AcmeAnalytics1!", "acme-2026-acme", "cloakroom123"]
        {
            assert_eq!(judge(similar), Err("too_similar"), "{similar}");
        }
        assert_eq!(judge("short"), Err("too_short"));
        assert_eq!(judge(&"x".repeat(257)), Err("too_long"));
    }

    #[test]
    fn w05_no_rule_asks_for_a_mixture() {
        for good in [
            "abcdefghqrstuvwxyzkl",
            "                    ",
            "correct-horse-battery",
            "\u{6b63}\u{78ba}\u{306a}\u{99ac}\u{306e}\u{96fb}\u{6c60}\u{30db}\u{30c1}\u{30ad}\u{30b9}",
            "ada walks her difference engine",
        ] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn o32_the_way_back_never_leaves_our_own_site() {
        for ours in
            ["/", "/account", "/a/b?next=//evil.test", "/a%20b", "/@evil.test", "/a?b=%5C", "/caf\u{e9}#x"]
        {
            assert!(return_to(ours).is_ok(), "{ours}");
        }
        for foreign in [
            "",
            "account",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/%5cevil.test",
            "/%5C%5Cevil.test",
            "/%2Fevil.test",
            "/%2f%2fevil.test",
            "/a//b",
            "/a%2f/b",
            "/%09/evil.test",
            "/\t/evil.test",
            "/a\r\nb",
            "/a?b\n",
            "/%0d%0aSet-Cookie:x",
            "/%00",
            "/%ff%fe",
            "/%c2%85",
            "https://evil.test",
            "https:///evil.test",
            "http:evil.test",
            "javascript:alert(1)",
            "javascript://x/%0Aalert(1)",
            " /account",
        ] {
            assert!(return_to(foreign).is_err(), "{foreign:?}");
        }
        assert!(return_to(&format!("/{}", "x".repeat(10_000))).is_err());
    }

    #[test]
    fn w11_a_long_password_is_judged_without_being_compared() {
        assert_eq!(judge(&"ada.lovelace@example.test".repeat(400)), Err("too_long"));
    }
}
