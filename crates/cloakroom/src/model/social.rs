//! Signing in by somebody else's word: what an attempt remembers, and what is linked in the end.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What an attempt is for.
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

/// What an attempt remembers while somebody is at the provider.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) provider: String,
    pub(crate) intent: Intent,
    /// A path of ours.
    pub(crate) return_to: String,
    /// Who was signed in when it began.
    pub(crate) user_id: Option<String>,
}

/// An account at a provider that opens one of ours.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) provider: String,
    /// Whose subject it is; `None` when it was linked before that was kept.
    pub(crate) issuer: Option<String>,
    pub(crate) subject: String,
    /// What its owner knows it by.
    pub(crate) label: String,
    pub(crate) linked_at: Timestamp,
    /// How it came to the account; `None` for one that an earlier version linked.
    pub(crate) origin: Option<Origin>,
    /// The address, in canonical form, that the provider itself called verified at the last sign-in.
    pub(crate) vouched_email: Option<String>,
}

/// The way in which an identity came to its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The account was made with it, and its address was proven: by the provider's own word, or by a mail of ours.
    Account,
    /// The account was made with it, and its address was only claimed (`trust_email = "always"`).
    Claim,
    /// Linked to an account that was there.
    Link,
}

impl Origin {
    /// As storage keeps it.
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
