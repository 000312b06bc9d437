//! Signing in by somebody else's word: what an attempt remembers, and what is linked in the end.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
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
    pub(crate) subject: String,
    /// What its owner knows it by.
    pub(crate) label: String,
    pub(crate) linked_at: Timestamp,
}
