//! The people that one can sign in as.

use ring::digest::{SHA256, digest};

use crate::Kind;

/// A person with an account at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The key from which the account's stable number is derived: one key is one account, even if everything else changes.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The address of the account, if the provider reports one.
    pub email: Option<String>,
    /// True if the provider has verified that address.
    pub is_verified: bool,
}

/// The behaviour of the provider in one sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// The provider works as it should.
    #[default]
    Well,
    /// The person refuses.
    Deny,
    /// The provider answers late.
    Slow,
    /// The provider answers with an error page.
    Broken,
}

impl Person {
    /// Creates a person with a verified address.
    pub fn verified(email: &str) -> Self {
        Self { is_verified: true, ..Self::unverified(email) }
    }

    /// Creates a person whose address the provider has not verified.
    pub fn unverified(email: &str) -> Self {
        let name = email.split('@').next().unwrap_or_default();
        Self {
            key: email.to_lowercase(),
            name: name.to_owned(),
            email: Some(email.to_owned()),
            is_verified: false,
        }
    }

    /// Creates a person whose address the provider does not report.
    pub fn without_email(key: &str) -> Self {
        Self { key: key.to_owned(), name: key.to_owned(), email: None, is_verified: false }
    }

    /// Returns this account with another address.
    #[must_use]
    pub fn renamed(self, email: &str) -> Self {
        Self { email: Some(email.to_owned()), ..self }
    }

    /// Returns this account with another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Returns the account's number, with as many digits as the provider's numbers have.
    pub(crate) fn number(&self, kind: Kind) -> String {
        let hash = digest(&SHA256, format!("{}/{}", kind.id(), self.key).as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_ref()[..8]);
        let number = u64::from_be_bytes(bytes);
        match kind {
            Kind::GitHub => (number % 90_000_000 + 10_000_000).to_string(),
            Kind::Google => format!("1{number:020}"),
            Kind::Facebook => format!("1{:016}", number % 10_u64.pow(16)),
        }
    }

    /// Returns the name for links.
    pub(crate) fn login(&self) -> String {
        let letters = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        self.name.to_lowercase().chars().map(letters).collect()
    }
}

/// A choice on the page.
pub(crate) struct Offer {
    pub(crate) value: &'static str,
    pub(crate) title: &'static str,
    pub(crate) note: &'static str,
}

/// The people at a provider that says whether an address is verified.
#[rustfmt::skip]
const OFFERS: [Offer; 7] = [
    Offer { value: "verified", title: "Verified email", note: "mary@example.test: somebody new" },
    Offer { value: "ada", title: "Ada", note: "ada@example.test, verified: has an account here already" },
    Offer { value: "grace", title: "Grace", note: "grace@example.test, verified: has an account here already" },
    Offer { value: "unverified", title: "Unverified email", note: "uma@example.test, for which nobody vouches" },
    Offer { value: "no-email", title: "No email", note: "the provider tells no address" },
    Offer { value: "renamed", title: "Renamed email", note: "the account of mary@example.test, now mary.new@example.test" },
    Offer { value: "other", title: "Somebody else", note: "" },
];

/// The people at a provider that never says whether an address is verified. Nobody is verified there. Nobody has the
/// address of an existing account, because no mail with a code would be sent for it.
#[rustfmt::skip]
const UNVOUCHED: [Offer; 4] = [
    Offer { value: "verified", title: "With an email", note: "mary@example.test, which the app asks to prove" },
    Offer { value: "no-email", title: "No email", note: "the provider tells no address" },
    Offer { value: "renamed", title: "Renamed email", note: "the account of mary@example.test, now mary.new@example.test" },
    Offer { value: "other", title: "Somebody else", note: "" },
];

/// Returns the people that the page of a provider offers, in its order.
pub(crate) fn offers(kind: Kind) -> &'static [Offer] {
    if kind.vouches() { &OFFERS } else { &UNVOUCHED }
}

/// The failures that the page offers, in its order.
#[rustfmt::skip]
pub(crate) const MOODS: [Offer; 3] = [
    Offer { value: "deny", title: "Deny", note: "the person says no" },
    Offer { value: "slow", title: "Slow", note: "the provider answers after eight seconds" },
    Offer { value: "broken", title: "Broken", note: "the provider answers with an error page" },
];

/// Returns the person and the mood that were chosen on the page; `email` is the address of "Somebody else".
pub(crate) fn chosen(who: &str, email: &str, is_verified: bool) -> Option<(Person, Mood)> {
    let mary = || Person::verified("mary@example.test").named("Mary Newcomer");
    let person = match who {
        "verified" => mary(),
        "ada" => Person::verified("ada@example.test").named("Ada Lovelace"),
        "grace" => Person::verified("grace@example.test").named("Grace Hopper"),
        "unverified" => Person::unverified("uma@example.test").named("Uma Unproven"),
        "no-email" => Person::without_email("noor").named("Noor Noaddress"),
        "renamed" => mary().renamed("mary.new@example.test"),
        "other" if email.is_empty() => return None,
        "other" if is_verified => Person::verified(email),
        "other" => Person::unverified(email),
        "deny" => return Some((mary(), Mood::Deny)),
        "slow" => return Some((mary(), Mood::Slow)),
        "broken" => return Some((mary(), Mood::Broken)),
        _ => return None,
    };
    Some((person, Mood::Well))
}
