//! Sign-in by a provider: the data of an attempt, and the identity that is linked in the end.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The purpose of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Intent {
    /// To sign in, or to sign up.
    #[default]
    Login,
    /// To add a way to sign in to the account that is signed in.
    Link,
    /// To prove once more who is signed in.
    Reauthenticate,
}

/// The data that an attempt keeps while the person is at the provider.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) provider: String,
    pub(crate) intent: Intent,
    /// A path of this site.
    pub(crate) return_to: String,
    /// The account that was signed in when the attempt began.
    pub(crate) user_id: Option<String>,
}

/// An account at a provider that opens one of ours.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) provider: String,
    /// The issuer of the subject; `None` when it was linked before issuers were kept.
    pub(crate) issuer: Option<String>,
    pub(crate) subject: String,
    /// The name by which its owner knows it.
    pub(crate) label: String,
    pub(crate) linked_at: Timestamp,
    /// The way in which it came to the account; `None` for an identity that an earlier version linked.
    pub(crate) origin: Option<Origin>,
    /// The address, in canonical form, that the provider itself called verified at the last sign-in.
    pub(crate) vouched_email: Option<String>,
}

/// The way in which an identity came to its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The account was made with it, and its address was proven. The proof was the provider's own word, or a mail of ours.
    Account,
    /// The account was made with it, and its address was only claimed (`trust_email = "always"`).
    Claim,
    /// It was linked to an existing account.
    Link,
}

impl Origin {
    /// Returns the name under which storage keeps it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Claim => "claim",
            Self::Link => "link",
        }
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        [Self::Account, Self::Claim, Self::Link].into_iter().find(|origin| origin.as_str() == text)
    }
}
