//! The table `browsers`: the browsers from which an account has signed in.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::email::Email;
use crate::secret::TicketHash;
use crate::store::db::{locking, query};
use crate::store::{Store, Tx};

/// The most browsers of one account that are kept. A program that signs in without keeping cookies is a new browser each time.
const MOST_BROWSERS: i64 = 100;

impl Store {
    /// Tells whether the account of `email` has signed in from this browser before.
    pub(crate) async fn knows_browser(&self, email: &Email, browser: TicketHash) -> Result<bool> {
        let found = query(
            "SELECT 1 FROM cloakroom_browsers WHERE browser_hash = $3 AND user_id =
                 (SELECT id FROM cloakroom_users WHERE email_canonical IN ($1, $2) ORDER BY email_canonical = $1 DESC LIMIT 1)",
        )
        .bind(email.lower())
        .bind(email.canonical())
        .bind(browser)
        .optional::<(i32,)>(&self.db)
        .await?;
        Ok(found.is_some())
    }
}

impl Tx {
    /// Records that an account has signed in from this browser, and evicts those that were seen least recently.
    pub(crate) async fn note_browser(
        &mut self,
        user_id: &str,
        browser: TicketHash,
        now: Timestamp,
    ) -> Result<()> {
        query(
            "INSERT INTO cloakroom_browsers (user_id, browser_hash, last_seen_at) VALUES ($1, $2, $3)
             ON CONFLICT (user_id, browser_hash) DO UPDATE SET last_seen_at = $3",
        )
        .bind(user_id)
        .bind(browser)
        .bind(now)
        .execute(&mut *self)
        .await?;
        query(
            "DELETE FROM cloakroom_browsers WHERE user_id = $1 AND last_seen_at <=
                 (SELECT last_seen_at FROM cloakroom_browsers WHERE user_id = $1 ORDER BY last_seen_at DESC LIMIT 1 OFFSET $2)",
        )
        .bind(user_id)
        .bind(MOST_BROWSERS)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Removes every browser of an account.
    pub(crate) async fn forget_browsers_of(&mut self, user_id: &str) -> Result<()> {
        query("DELETE FROM cloakroom_browsers WHERE user_id = $1").bind(user_id).execute(self).await?;
        Ok(())
    }

    /// Removes at most `most` browsers that were not seen since `before`. Returns the number of rows.
    pub(crate) async fn sweep_browsers(&mut self, before: Timestamp, most: i64) -> Result<u64> {
        let swept = query(locking!(
            self,
            "WITH chosen AS (SELECT user_id, browser_hash FROM cloakroom_browsers WHERE last_seen_at <= $1 LIMIT $2",
            "FOR UPDATE SKIP LOCKED",
            ") DELETE FROM cloakroom_browsers
             WHERE (user_id, browser_hash) IN (SELECT user_id, browser_hash FROM chosen)",
        ))
        .bind(before)
        .bind(most)
        .execute(self)
        .await?;
        Ok(swept.0)
    }
}
