//! The table `challenges`.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::challenge::{Challenge, ChallengeKind, MOST_CODE_TRIES};
use crate::model::email::Email;
use crate::secret::TicketHash;
use crate::store::db::query;
use crate::store::{Store, Tx};

macro_rules! columns {
    () => {
        "id, kind, nonce, user_id, email, email_canonical, browser_hash, password_hash, data, code_expires_at, \
         created_at, expires_at"
    };
}

/// A row of `challenges`.
#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    kind: String,
    nonce: String,
    user_id: Option<String>,
    email: Option<String>,
    email_canonical: Option<String>,
    browser_hash: Option<String>,
    password_hash: Option<String>,
    data: Option<String>,
    code_expires_at: Option<i64>,
    created_at: i64,
    expires_at: i64,
}

impl Row {
    fn into_challenge(self) -> Option<Challenge> {
        Some(Challenge {
            kind: ChallengeKind::from_text(&self.kind)?,
            id: self.id,
            nonce: self.nonce,
            user_id: self.user_id,
            email: self.email,
            email_canonical: self.email_canonical,
            browser: self.browser_hash.as_deref().and_then(TicketHash::from_text),
            password_hash: self.password_hash,
            data: self.data,
            code_expires_at: self.code_expires_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(self.created_at),
            expires_at: Timestamp::from_millis(self.expires_at),
        })
    }
}

impl Store {
    /// What a token is for, if it is for `kind` and still good. Looking does not use it up.
    pub(crate) async fn challenge(
        &self,
        kind: ChallengeKind,
        token: TicketHash,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            "
             FROM challenges WHERE token_hash = $1 AND kind = $2 AND expires_at > $3",
        ))
        .bind(token)
        .bind(kind.as_str())
        .bind(now)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// The newest challenge of `kind` that waits in this browser.
    pub(crate) async fn challenge_in(
        &self,
        kind: ChallengeKind,
        browser: TicketHash,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            " FROM challenges WHERE browser_hash = $1 AND kind = $2 AND expires_at > $3
              ORDER BY created_at DESC, id DESC LIMIT 1",
        ))
        .bind(browser)
        .bind(kind.as_str())
        .bind(now)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// A challenge that a mail is about, if its token has not been replaced and is still good.
    pub(crate) async fn challenge_of_mail(
        &self,
        id: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            "
             FROM challenges WHERE id = $1 AND nonce = $2 AND expires_at > $3",
        ))
        .bind(id)
        .bind(nonce)
        .bind(now)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }
}

impl Tx {
    /// Holds an address until this transaction ends: of two that prove it or ask for it, one comes first, and neither waits
    /// for rows of the other while it keeps some itself. SQLite has one writer at a time anyway.
    pub(crate) async fn hold_address(&mut self, email: &Email) -> Result<()> {
        if matches!(self, Self::Postgres(_)) {
            query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind(email.canonical())
                .execute(self)
                .await?;
        }
        Ok(())
    }

    /// Adds a challenge.
    pub(crate) async fn add_challenge(&mut self, challenge: &Challenge, token: TicketHash) -> Result<()> {
        query(
            "INSERT INTO challenges (id, kind, nonce, token_hash, user_id, email, email_canonical, browser_hash,
                                     password_hash, data, code_expires_at, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(&*challenge.id)
        .bind(challenge.kind.as_str())
        .bind(&*challenge.nonce)
        .bind(token)
        .bind(challenge.user_id.clone())
        .bind(challenge.email.clone())
        .bind(challenge.email_canonical.clone())
        .bind(challenge.browser.map(TicketHash::to_text))
        .bind(challenge.password_hash.clone())
        .bind(challenge.data.clone())
        .bind(challenge.code_expires_at)
        .bind(challenge.created_at)
        .bind(challenge.expires_at)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Gives a challenge to the active account of its address, if there is one. The same statement runs, and a row is
    /// written, whether or not there is.
    pub(crate) async fn give_challenge_to_account(&mut self, id: &str, email: &Email) -> Result<()> {
        query(
            "UPDATE challenges SET user_id = (SELECT id FROM users WHERE email_canonical = $2 AND is_active)
             WHERE id = $1",
        )
        .bind(id)
        .bind(email.canonical())
        .execute(self)
        .await?;
        Ok(())
    }

    /// Uses a token up, if it is for `kind` and still good: of two requests at once, one gets the challenge.
    pub(crate) async fn take_challenge(
        &mut self,
        kind: ChallengeKind,
        token: TicketHash,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "DELETE FROM challenges WHERE token_hash = $1 AND kind = $2 AND expires_at > $3
             RETURNING ",
            columns!(),
        ))
        .bind(token)
        .bind(kind.as_str())
        .bind(now)
        .optional::<Row>(self)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Counts a try of a code against every challenge of `kind` that this browser has for the address, and says which
    /// of them may be tried.
    pub(crate) async fn try_codes(
        &mut self,
        kind: ChallengeKind,
        email: &Email,
        browser: TicketHash,
        now: Timestamp,
    ) -> Result<Vec<Challenge>> {
        let rows = query(concat!(
            "UPDATE challenges SET code_tries = code_tries + 1
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

    /// Gives the newest challenge of `kind` that this browser has for the address what `renewed` has: another nonce and
    /// token, a new beginning and a new end. Says which it is.
    pub(crate) async fn renew_challenge(
        &mut self,
        renewed: &Challenge,
        token: impl Fn(&str, &str) -> TicketHash,
    ) -> Result<Option<Challenge>> {
        let newest = query(
            "SELECT id FROM challenges
             WHERE email_canonical = $1 AND kind = $2 AND browser_hash = $3 AND expires_at > $4
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(renewed.email_canonical.clone())
        .bind(renewed.kind.as_str())
        .bind(renewed.browser.map(TicketHash::to_text))
        .bind(renewed.created_at)
        .optional::<(String,)>(&mut *self)
        .await?;
        let Some((id,)) = newest else { return Ok(None) };
        let row = query(concat!(
            "UPDATE challenges SET nonce = $2, token_hash = $3, code_tries = 0, code_expires_at = $4, expires_at = $5,
                                   created_at = $6
             WHERE id = $1
             RETURNING ",
            columns!(),
        ))
        .bind(&*id)
        .bind(&*renewed.nonce)
        .bind(token(&id, &renewed.nonce))
        .bind(renewed.code_expires_at)
        .bind(renewed.expires_at)
        .bind(renewed.created_at)
        .optional::<Row>(self)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Lets a challenge live until `expires_at`; says which it is.
    pub(crate) async fn extend_challenge(
        &mut self,
        id: &str,
        expires_at: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row =
            query(concat!("UPDATE challenges SET expires_at = $2 WHERE id = $1 RETURNING ", columns!(),))
                .bind(id)
                .bind(expires_at)
                .optional::<Row>(self)
                .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Ends one challenge; says whether it was there.
    pub(crate) async fn end_challenge(&mut self, id: &str) -> Result<bool> {
        Ok(query("DELETE FROM challenges WHERE id = $1").bind(id).execute(self).await?.0 == 1)
    }

    /// Ends every challenge of `kind` for an address.
    pub(crate) async fn end_challenges_for(&mut self, kind: ChallengeKind, email: &Email) -> Result<()> {
        query("DELETE FROM challenges WHERE email_canonical = $1 AND kind = $2")
            .bind(email.canonical())
            .bind(kind.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends every challenge of `kind` that an account has asked for.
    pub(crate) async fn end_challenges_by(&mut self, user_id: &str, kind: ChallengeKind) -> Result<()> {
        query("DELETE FROM challenges WHERE user_id = $1 AND kind = $2")
            .bind(user_id)
            .bind(kind.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends everything that an account waits for: resets, changes of its address. An undo stays, whoever asks for this
    /// may be the one against whom it stands.
    pub(crate) async fn end_challenges_of(&mut self, user_id: &str) -> Result<()> {
        query("DELETE FROM challenges WHERE user_id = $1 AND kind <> $2")
            .bind(user_id)
            .bind(ChallengeKind::EmailChangeUndo.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends what an account has waited for since `since`, undos included.
    pub(crate) async fn end_challenges_since(&mut self, user_id: &str, since: Timestamp) -> Result<()> {
        query("DELETE FROM challenges WHERE user_id = $1 AND (kind <> $2 OR created_at >= $3)")
            .bind(user_id)
            .bind(ChallengeKind::EmailChangeUndo.as_str())
            .bind(since)
            .execute(self)
            .await?;
        Ok(())
    }

    /// After a login or a logout a browser is not "the one that signed up" any more: somebody else may sit before it.
    pub(crate) async fn forget_browser_of_signups(&mut self, browser: TicketHash) -> Result<()> {
        query("UPDATE challenges SET browser_hash = NULL WHERE browser_hash = $1 AND kind IN ($2, $3)")
            .bind(browser)
            .bind(ChallengeKind::Signup.as_str())
            .bind(ChallengeKind::SocialEmail.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends every challenge of `kind` that was begun in this browser.
    pub(crate) async fn end_challenges_in(&mut self, kind: ChallengeKind, browser: TicketHash) -> Result<()> {
        query("DELETE FROM challenges WHERE browser_hash = $1 AND kind = $2")
            .bind(browser)
            .bind(kind.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Replaces the code of a challenge by that of another nonce, good until `code_expires_at`; says whether it was there.
    pub(crate) async fn renew_code(
        &mut self,
        id: &str,
        nonce: &str,
        code_expires_at: Timestamp,
    ) -> Result<bool> {
        let renewed =
            query("UPDATE challenges SET nonce = $2, code_tries = 0, code_expires_at = $3 WHERE id = $1")
                .bind(id)
                .bind(nonce)
                .bind(code_expires_at)
                .execute(self)
                .await?;
        Ok(renewed.0 == 1)
    }

    /// Counts a try of a challenge's code; says whether it may be tried.
    pub(crate) async fn try_code(&mut self, id: &str, now: Timestamp) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "UPDATE challenges SET code_tries = code_tries + 1
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

    /// Removes at most `most` challenges that have expired; says how many went.
    pub(crate) async fn sweep_challenges(&mut self, now: Timestamp, most: i64) -> Result<u64> {
        // Asked twice, because Postgres may find a row that was renewed since it was chosen.
        let swept = query(
            "DELETE FROM challenges WHERE expires_at <= $1
                 AND id IN (SELECT id FROM challenges WHERE expires_at <= $1 LIMIT $2)",
        )
        .bind(now)
        .bind(most)
        .execute(self)
        .await?;
        Ok(swept.0)
    }
}
