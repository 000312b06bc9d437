//! The methods by which people prove who they are, and the assurance that they add up to.

use serde::Serialize;

/// A method of authentication. A session lists its methods as `amr`, as RFC 8176 calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// The account's password.
    Password,
    /// A link or a code in a mail to the account's address.
    EmailCode,
    /// A provider's word.
    Social,
    /// A passkey, which verifies its user.
    Passkey,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A browser that was trusted at an earlier sign-in. It stands in for a second method and proves nothing by itself.
    TrustedBrowser,
}

impl Method {
    const ALL: [Self; 7] = [
        Self::Password,
        Self::EmailCode,
        Self::Social,
        Self::Passkey,
        Self::Totp,
        Self::RecoveryCode,
        Self::TrustedBrowser,
    ];

    /// Returns the word for it in storage and on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::EmailCode => "email_code",
            Self::Social => "social",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::TrustedBrowser => "trusted_browser",
        }
    }
}

/// Writes methods as storage keeps them: in the order of their proof, with a space between.
pub(crate) fn to_words(methods: &[Method]) -> String {
    methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(" ")
}

/// Reads methods from storage. A word of a newer version is left out.
pub(crate) fn from_words(words: &str) -> Box<[Method]> {
    let known = |word| Method::ALL.into_iter().find(|method| method.as_str() == word);
    words.split(' ').filter_map(known).collect()
}

/// Returns the authentication assurance level (NIST SP 800-63B): 2 after a passkey, or after a first and a second method,
/// else 1.
pub(crate) fn assurance_level(methods: &[Method]) -> u8 {
    let has = |any: &[Method]| methods.iter().any(|method| any.contains(method));
    let has_first = has(&[Method::Password, Method::EmailCode, Method::Social]);
    let has_second = has(&[Method::Totp, Method::RecoveryCode]);
    if has(&[Method::Passkey]) || (has_first && has_second) { 2 } else { 1 }
}
