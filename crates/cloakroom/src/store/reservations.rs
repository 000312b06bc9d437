//! Reserved addresses: their accounts have changed them, and can still take them back.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::challenge::{Challenge, ChallengeKind};
use crate::model::email::Email;
use crate::store::challenge_rows::{Row, columns};
use crate::store::db::query;
use crate::store::{Store, Tx};

impl Store {
    /// Returns the undo that reserves an address which no account has now. Of several, it is the one that lives longest.
    pub(crate) async fn reservation(&self, email: &Email, now: Timestamp) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            " FROM cloakroom_challenges WHERE email_canonical IN ($1, $2) AND kind = $3 AND expires_at > $4
              AND NOT EXISTS (SELECT 1 FROM cloakroom_users WHERE cloakroom_users.email_canonical IN ($1, $2))
              ORDER BY expires_at DESC, id DESC LIMIT 1",
        ))
        .bind(email.canonical())
        .bind(email.lower())
        .bind(ChallengeKind::EmailChangeUndo.as_str())
        .bind(now)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }
}

impl Tx {
    /// Tells whether another account than `user_id` can take an address back. Its undo is stored before the change can be
    /// confirmed, so that no transaction finds the address free in between.
    pub(crate) async fn is_reserved(&mut self, email: &Email, user_id: &str, now: Timestamp) -> Result<bool> {
        let found = query(
            "SELECT 1 FROM cloakroom_challenges
             WHERE email_canonical IN ($1, $2) AND kind = $3 AND expires_at > $4 AND user_id <> $5 LIMIT 1",
        )
        .bind(email.canonical())
        .bind(email.lower())
        .bind(ChallengeKind::EmailChangeUndo.as_str())
        .bind(now)
        .bind(user_id)
        .optional::<(i32,)>(self)
        .await?;
        Ok(found.is_some())
    }
}
