//! Rows of the table `challenges`: the columns, and what each kind keeps in them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::email::Email;
use crate::model::waiting::Waiting;
use crate::secret::TicketHash;

/// Every column that a [`Row`] has.
macro_rules! columns {
    () => {
        "id, kind, nonce, token_hash, user_id, email, browser_hash, password_hash, data, code_expires_at, created_at, expires_at"
    };
}

pub(super) use columns;

/// A row of `challenges`.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    kind: String,
    nonce: String,
    token_hash: String,
    user_id: Option<String>,
    email: Option<String>,
    browser_hash: Option<String>,
    password_hash: Option<String>,
    data: Option<String>,
    code_expires_at: Option<i64>,
    created_at: i64,
    expires_at: i64,
}

impl Row {
    /// Returns the challenge. A row that this version cannot read, because another one wrote it, counts as none.
    pub(super) fn into_challenge(self) -> Option<Challenge> {
        let content = ChallengeKind::from_text(&self.kind).and_then(|kind| self.content(kind));
        if content.is_none() {
            tracing::warn!(challenge = self.id, kind = self.kind, "a challenge cannot be read");
        }
        Some(Challenge {
            content: content?,
            id: self.id,
            nonce: self.nonce,
            token_hash: TicketHash::from_text(&self.token_hash),
            user_id: self.user_id,
            browser: self.browser_hash.as_deref().and_then(TicketHash::from_text),
            code_expires_at: self.code_expires_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(self.created_at),
            expires_at: Timestamp::from_millis(self.expires_at),
        })
    }

    fn content(&self, kind: ChallengeKind) -> Option<Content> {
        let email = || self.email.as_deref().and_then(Email::parse);
        let data = self.data.as_deref();
        Some(match kind {
            ChallengeKind::Signup => {
                Content::Signup { email: email()?, password_hash: self.password_hash.clone()? }
            }
            ChallengeKind::PasswordReset => Content::PasswordReset { email: email()? },
            ChallengeKind::Invitation => Content::Invitation { email: email()? },
            ChallengeKind::EmailChange => Content::EmailChange { new: email()?, undo_id: data?.to_owned() },
            ChallengeKind::EmailChangeUndo => {
                Content::EmailChangeUndo { old: email()?, new: data?.to_owned() }
            }
            ChallengeKind::SocialAttempt => Content::SocialAttempt(serde_json::from_str(data?).ok()?),
            ChallengeKind::SocialPause => Content::SocialPause(serde_json::from_str(data?).ok()?),
            ChallengeKind::SocialEmail => {
                let Paused { waiting, pause_id } = serde_json::from_str(data?).ok()?;
                Content::SocialEmail { email: email()?, waiting: Box::new(waiting), pause_id }
            }
        })
    }
}

/// The column `data` of a social signup.
#[derive(Deserialize)]
struct Paused {
    #[serde(flatten)]
    waiting: Waiting,
    pause_id: String,
}

/// The column `data` of a social login that waits.
#[derive(Serialize)]
struct ToPause<'a> {
    #[serde(flatten)]
    waiting: &'a Waiting,
    pause_id: Option<&'a str>,
}

/// Returns the column `data`.
pub(super) fn data(content: &Content) -> Result<Option<String>> {
    let json = match content {
        Content::Signup { .. } | Content::PasswordReset { .. } | Content::Invitation { .. } => {
            return Ok(None);
        }
        Content::EmailChange { undo_id, .. } => return Ok(Some(undo_id.clone())),
        Content::EmailChangeUndo { new, .. } => return Ok(Some(new.clone())),
        Content::SocialAttempt(attempt) => serde_json::to_string(attempt),
        Content::SocialPause(waiting) => serde_json::to_string(&ToPause { waiting, pause_id: None }),
        Content::SocialEmail { waiting, pause_id, .. } => {
            serde_json::to_string(&ToPause { waiting, pause_id: Some(pause_id) })
        }
    };
    json.map(Some).map_err(Error::internal)
}

/// Returns the column `password_hash`.
pub(super) fn password_hash(content: &Content) -> Option<String> {
    match content {
        Content::Signup { password_hash, .. } => Some(password_hash.clone()),
        _ => None,
    }
}
