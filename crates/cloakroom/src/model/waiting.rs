//! A social login that waits for the person, as it is stored. The browser that started it resumes it at the same step.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::social::Attempt;

/// A run of the pipeline, and the action that it waits for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) need: Need,
    pub(crate) run: Kept,
}

/// A thing that the person must do before the pipeline can continue.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    /// Prove that the account of this address is theirs.
    Link { user_id: String },
    /// Give an address and prove it. The provider's address fills in the form.
    Email { suggested: Option<String> },
    /// Answer a question of one of the app's own steps.
    Input { step: String, asked: Value },
}

/// The part of a run that is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) attempt: Attempt,
    /// Empty in rows that were written before this field existed.
    #[serde(default)]
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) email: Option<String>,
    pub(crate) is_email_verified: bool,
    #[serde(default)]
    pub(crate) is_email_vouched: bool,
    pub(crate) proven: Option<String>,
    /// The account, if it was proven before the pause.
    pub(crate) user_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) extra: Value,
    /// The tokens, encrypted with the id of the row that holds them.
    pub(crate) tokens: Option<String>,
    pub(crate) answers: Map<String, Value>,
    pub(crate) position: usize,
}
