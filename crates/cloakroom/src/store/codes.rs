//! The codes of the table `challenges`: attempts on them, and their replacement.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::challenge::{Challenge, ChallengeKind, MOST_CODE_TRIES};
use crate::model::email::Email;
use crate::secret::TicketHash;
use crate::store::challenge_rows::{Row, columns};
use crate::store::db::query;
use crate::store::{Store, Tx};

impl Store {
    /// Tells whether this browser has a challenge of `kind` for the address.
    pub(crate) async fn has_challenge(
        &self,
        kind: ChallengeKind,
        email: &Email,
        browser: TicketHash,
        now: Timestamp,
    ) -> Result<bool> {
        let found = query(
            "SELECT 1 FROM cloakroom_challenges
             WHERE email_canonical = $1 AND kind = $2 AND browser_hash = $3 AND expires_at > $4 LIMIT 1",
        )
        .bind(email.canonical())
        .bind(kind.as_str())
        .bind(browser)
        .bind(now)
        .optional::<(i32,)>(&self.db)
        .await?;
        Ok(found.is_some())
    }
}

impl Tx {
    /// Counts an attempt on a code against every challenge of `kind` that this browser has for the address. Returns those that
    /// allow another attempt.
    pub(crate) async fn try_codes(
        &mut self,
        kind: ChallengeKind,
        email: &Email,
        browser: TicketHash,
        now: Timestamp,
    ) -> Result<Vec<Challenge>> {
        let rows = query(concat!(
            "UPDATE cloakroom_challenges SET code_tries = code_tries + 1
             WHERE email_canonical = $1 AND kind = $2 AND browser_hash = $3 AND expires_at > $4
               AND code_expires_at > $4 AND code_tries < $5
             RETURNING ",
            columns!(),
        ))
        .bind(email.canonical())
        .bind(kind.as_str())
        .bind(browser)
        .bind(now)
        .bind(MOST_CODE_TRIES)
        .all::<Row>(self)
        .await?;
        Ok(rows.into_iter().filter_map(Row::into_challenge).collect())
    }

    /// Counts an attempt on a challenge's code. Returns the challenge if it allows the attempt.
    pub(crate) async fn try_code(&mut self, id: &str, now: Timestamp) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "UPDATE cloakroom_challenges SET code_tries = code_tries + 1
             WHERE id = $1 AND expires_at > $2 AND code_expires_at > $2 AND code_tries < $3
             RETURNING ",
            columns!(),
        ))
        .bind(id)
        .bind(now)
        .bind(MOST_CODE_TRIES)
        .optional::<Row>(self)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Replaces the code of a challenge by that of another nonce, valid until `end`. The challenge lives as long as its code.
    /// Tells whether the challenge existed.
    pub(crate) async fn renew_code(&mut self, id: &str, nonce: &str, end: Timestamp) -> Result<bool> {
        let renewed = query(
            "UPDATE cloakroom_challenges SET nonce = $2, code_tries = 0, code_expires_at = $3,
                 expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END WHERE id = $1",
        )
        .bind(id)
        .bind(nonce)
        .bind(end)
        .execute(self)
        .await?;
        Ok(renewed.0 == 1)
    }

    /// Extends a challenge and its code, if it has not changed since `challenge` was read.
    pub(crate) async fn prolong_challenge(
        &mut self,
        challenge: &Challenge,
        code_end: Option<Timestamp>,
        end: Timestamp,
    ) -> Result<()> {
        query(
            "UPDATE cloakroom_challenges SET code_expires_at = $3,
                 expires_at = CASE WHEN expires_at < $4 THEN $4 ELSE expires_at END WHERE id = $1 AND nonce = $2",
        )
        .bind(&*challenge.id)
        .bind(&*challenge.nonce)
        .bind(code_end)
        .bind(end)
        .execute(self)
        .await?;
        Ok(())
    }
}
