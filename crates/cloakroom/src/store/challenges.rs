//! The table `challenges`.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::challenge::{Challenge, ChallengeKind};
use crate::model::email::Email;
use crate::secret::{self, TicketHash};
use crate::store::challenge_rows::{Row, columns, data, password_hash};
use crate::store::db::{locking, query};
use crate::store::{Store, Tx};

/// A challenge that is requested again.
pub(crate) struct Renewal<'a> {
    pub(crate) kind: ChallengeKind,
    pub(crate) email: &'a Email,
    pub(crate) browser: TicketHash,
    pub(crate) now: Timestamp,
}

impl Store {
    /// Returns the challenge of a token, if it is of `kind` and still valid. Reading does not use it up.
    pub(crate) async fn challenge(
        &self,
        kind: ChallengeKind,
        token: TicketHash,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            " FROM cloakroom_challenges WHERE token_hash = $1 AND kind = $2 AND expires_at > $3",
        ))
        .bind(token)
        .bind(kind.as_str())
        .bind(now)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Returns the newest challenge of `kind` that is pending in this browser.
    pub(crate) async fn challenge_in(
        &self,
        kind: ChallengeKind,
        browser: TicketHash,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            " FROM cloakroom_challenges WHERE browser_hash = $1 AND kind = $2 AND expires_at > $3
              ORDER BY created_at DESC, id DESC LIMIT 1",
        ))
        .bind(browser)
        .bind(kind.as_str())
        .bind(now)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Returns the challenge that a mail is about, if its token has not been replaced and is still valid.
    pub(crate) async fn challenge_of_mail(
        &self,
        id: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "SELECT ",
            columns!(),
            " FROM cloakroom_challenges WHERE id = $1 AND nonce = $2 AND expires_at > $3",
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
    /// Locks an address until this transaction ends. Two transactions that prove it or ask for it run one after the other.
    /// Neither waits for rows of the other while it holds some itself. SQLite has one writer at a time anyway.
    pub(crate) async fn hold_address(&mut self, email: &Email) -> Result<()> {
        if self.has_concurrent_writers() {
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
            "INSERT INTO cloakroom_challenges (id, kind, nonce, token_hash, user_id, email, email_canonical, browser_hash,
                                     password_hash, data, code_expires_at, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(&*challenge.id)
        .bind(challenge.kind().as_str())
        .bind(&*challenge.nonce)
        .bind(token)
        .bind(challenge.user_id.clone())
        .bind(challenge.content.email().map(|email| email.spelling().to_owned()))
        .bind(challenge.content.email().map(|email| email.canonical().to_owned()))
        .bind(challenge.browser.map(TicketHash::to_text))
        .bind(password_hash(&challenge.content))
        .bind(data(&challenge.content)?)
        .bind(challenge.code_expires_at)
        .bind(challenge.created_at)
        .bind(challenge.expires_at)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Gives a challenge to the active account of its address, if there is one. In both cases the same statement runs, and a
    /// row is written. It waits for an account that is being deleted or gets another address.
    pub(crate) async fn give_challenge_to_account(&mut self, id: &str, email: &Email) -> Result<()> {
        query(locking!(
            self,
            "UPDATE cloakroom_challenges SET user_id =
                 (SELECT id FROM cloakroom_users WHERE email_canonical IN ($2, $3) AND is_active
                  ORDER BY email_canonical = $2 DESC LIMIT 1",
            "FOR KEY SHARE",
            ") WHERE id = $1",
        ))
        .bind(id)
        .bind(email.lower())
        .bind(email.canonical())
        .execute(self)
        .await?;
        Ok(())
    }

    /// Uses a token up, if it is for `kind` and still valid. Of two concurrent requests, one gets the challenge.
    pub(crate) async fn take_challenge(
        &mut self,
        kind: ChallengeKind,
        token: TicketHash,
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "DELETE FROM cloakroom_challenges WHERE token_hash = $1 AND kind = $2 AND expires_at > $3
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

    /// Renews the newest challenge that this browser has for the address: another nonce, token, beginning and end. Returns that
    /// challenge.
    pub(crate) async fn renew_challenge(
        &mut self,
        renewal: &Renewal<'_>,
        token: impl Fn(&str, &str) -> TicketHash,
    ) -> Result<Option<Challenge>> {
        let Renewal { kind, email, browser, now } = *renewal;
        let newest = query(
            "SELECT id FROM cloakroom_challenges
             WHERE email_canonical = $1 AND kind = $2 AND browser_hash = $3 AND expires_at > $4
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(email.canonical())
        .bind(kind.as_str())
        .bind(browser)
        .bind(now)
        .optional::<(String,)>(&mut *self)
        .await?;
        let Some((id,)) = newest else { return Ok(None) };
        let nonce = secret::nonce();
        let row = query(concat!(
            "UPDATE cloakroom_challenges SET nonce = $2, token_hash = $3, code_tries = 0, code_expires_at = $4, expires_at = $5,
                                   created_at = $6
             WHERE id = $1 AND browser_hash = $7
             RETURNING ",
            columns!(),
        ))
        .bind(&*id)
        .bind(&*nonce)
        .bind(token(&id, &nonce))
        .bind(kind.code_lifetime().map(|lifetime| now.plus(lifetime)))
        .bind(now.plus(kind.lifetime()))
        .bind(now)
        .bind(browser)
        .optional::<Row>(self)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Extends a challenge until `expires_at`, and returns it.
    pub(crate) async fn extend_challenge(
        &mut self,
        id: &str,
        expires_at: Timestamp,
    ) -> Result<Option<Challenge>> {
        let row = query(concat!(
            "UPDATE cloakroom_challenges SET expires_at = $2 WHERE id = $1 RETURNING ",
            columns!(),
        ))
        .bind(id)
        .bind(expires_at)
        .optional::<Row>(self)
        .await?;
        Ok(row.and_then(Row::into_challenge))
    }

    /// Ends one challenge, if it still belongs to this browser. Tells whether it did.
    pub(crate) async fn end_challenge(&mut self, id: &str, browser: Option<TicketHash>) -> Result<bool> {
        let ended =
            query("DELETE FROM cloakroom_challenges WHERE id = $1 AND browser_hash IS NOT DISTINCT FROM $2")
                .bind(id)
                .bind(browser.map(TicketHash::to_text))
                .execute(self)
                .await?;
        Ok(ended.0 == 1)
    }

    /// Ends every attempt at a provider in this browser, of any user. One statement takes the rows in the lock order of the one
    /// below.
    pub(crate) async fn end_social_in(&mut self, browser: TicketHash) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE browser_hash = $1 AND (kind = $2 OR kind = $3)")
            .bind(browser)
            .bind(ChallengeKind::SocialAttempt.as_str())
            .bind(ChallengeKind::SocialPause.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends the attempts of other users at a provider in this browser, once an account has signed in to it.
    pub(crate) async fn end_social_of_others(&mut self, browser: TicketHash, user_id: &str) -> Result<()> {
        query(
            "DELETE FROM cloakroom_challenges WHERE browser_hash = $1
             AND (kind = $2 AND user_id <> $4 OR kind = $3 AND user_id IS DISTINCT FROM $4)",
        )
        .bind(browser)
        .bind(ChallengeKind::SocialAttempt.as_str())
        .bind(ChallengeKind::SocialPause.as_str())
        .bind(user_id)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Ends every other challenge of the kind and address of `newest`.
    pub(crate) async fn end_older_challenges(&mut self, newest: &Challenge) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE email_canonical = $1 AND kind = $2 AND id <> $3")
            .bind(newest.content.email().map(|email| email.canonical().to_owned()))
            .bind(newest.kind().as_str())
            .bind(&*newest.id)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends every challenge of `kind` for an address.
    pub(crate) async fn end_challenges_for(&mut self, kind: ChallengeKind, email: &Email) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE email_canonical = $1 AND kind = $2")
            .bind(email.canonical())
            .bind(kind.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends every challenge of `kind` that an account has asked for.
    pub(crate) async fn end_challenges_by(&mut self, user_id: &str, kind: ChallengeKind) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE user_id = $1 AND kind = $2")
            .bind(user_id)
            .bind(kind.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends every pending challenge of an account: resets, changes of its address. An undo stays, because it may protect
    /// against the very person who asks for this.
    pub(crate) async fn end_challenges_of(&mut self, user_id: &str) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE user_id = $1 AND kind <> $2")
            .bind(user_id)
            .bind(ChallengeKind::EmailChangeUndo.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends the challenges of an account that began since `since`, undos included.
    pub(crate) async fn end_challenges_since(&mut self, user_id: &str, since: Timestamp) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE user_id = $1 AND (kind <> $2 OR created_at >= $3)")
            .bind(user_id)
            .bind(ChallengeKind::EmailChangeUndo.as_str())
            .bind(since)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends the link between a browser and its signups after a login or a logout: somebody else may use the browser now.
    pub(crate) async fn forget_browser_of_signups(&mut self, browser: TicketHash) -> Result<()> {
        query("UPDATE cloakroom_challenges SET browser_hash = NULL WHERE browser_hash = $1 AND kind IN ($2, $3)")
            .bind(browser)
            .bind(ChallengeKind::Signup.as_str())
            .bind(ChallengeKind::SocialEmail.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Ends the challenges of `kind` that began in this browser, except the newest `most`.
    pub(crate) async fn end_oldest_in(
        &mut self,
        kind: ChallengeKind,
        browser: TicketHash,
        most: i64,
    ) -> Result<()> {
        query(
            "DELETE FROM cloakroom_challenges WHERE id IN
                 (SELECT id FROM cloakroom_challenges WHERE browser_hash = $1 AND kind = $2
                  ORDER BY created_at DESC, id DESC LIMIT 1000 OFFSET $3)",
        )
        .bind(browser)
        .bind(kind.as_str())
        .bind(most)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Ends every challenge of `kind` that was begun in this browser.
    pub(crate) async fn end_challenges_in(&mut self, kind: ChallengeKind, browser: TicketHash) -> Result<()> {
        query("DELETE FROM cloakroom_challenges WHERE browser_hash = $1 AND kind = $2")
            .bind(browser)
            .bind(kind.as_str())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Removes at most `most` expired challenges. Returns the number of rows.
    pub(crate) async fn sweep_challenges(&mut self, now: Timestamp, most: i64) -> Result<u64> {
        let swept = query(locking!(
            self,
            "WITH chosen AS (SELECT id FROM cloakroom_challenges WHERE expires_at <= $1 LIMIT $2",
            "FOR UPDATE SKIP LOCKED",
            ") DELETE FROM cloakroom_challenges WHERE id IN (SELECT id FROM chosen)",
        ))
        .bind(now)
        .bind(most)
        .execute(self)
        .await?;
        Ok(swept.0)
    }
}
