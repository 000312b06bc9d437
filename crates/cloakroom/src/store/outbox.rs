//! The table `outbox`: mails that are yet to be sent.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::store::db::{locking, query};
use crate::store::{Store, Tx};

/// The most lanes that may be busy when a mail is leased.
pub(crate) const MOST_BUSY: usize = 3;

/// A mail that is about to be put into the outbox. It names rows and holds no token, which is made when the mail is written.
pub(crate) struct NewMail<'a> {
    /// The id, which is also the Message-ID.
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    /// The challenge, by id and nonce.
    pub(crate) challenge: Option<(&'a str, &'a str)>,
    pub(crate) user_id: Option<&'a str>,
    /// The address that operators see, and to which a notice goes. A mail about a challenge goes to the address that the rows
    /// name.
    pub(crate) recipient: &'a str,
    /// The occasion, as JSON.
    pub(crate) occasion: String,
    pub(crate) now: Timestamp,
}

/// A mail of which this process holds the lease.
#[derive(sqlx::FromRow)]
pub(crate) struct LeasedMail {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) challenge_id: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) recipient: String,
    pub(crate) occasion: String,
    /// The number of attempts, this one included. It also distinguishes this lease from a later one.
    pub(crate) attempts: i64,
    /// The address that it is about, in comparison form. Mails of one lane are sent one by one.
    pub(crate) lane: String,
    created_at: i64,
}

impl LeasedMail {
    pub(crate) fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }
}

/// A mail that was not sent yet, for the operators of the server.
#[derive(sqlx::FromRow)]
pub(crate) struct WaitingMail {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) recipient: String,
    pub(crate) attempts: i64,
    created_at: i64,
    due_at: i64,
    abandoned_at: Option<i64>,
    pub(crate) last_error: Option<String>,
}

impl WaitingMail {
    pub(crate) fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }

    pub(crate) fn due_at(&self) -> Timestamp {
        Timestamp::from_millis(self.due_at)
    }

    pub(crate) fn abandoned_at(&self) -> Option<Timestamp> {
        self.abandoned_at.map(Timestamp::from_millis)
    }
}

impl Store {
    /// Returns every mail that was not sent yet, oldest first.
    pub(crate) async fn waiting_mails(&self) -> Result<Vec<WaitingMail>> {
        query(
            "SELECT id, kind, recipient, attempts, created_at, due_at, abandoned_at, last_error FROM cloakroom_outbox
             ORDER BY created_at, id",
        )
        .all(&self.db)
        .await
    }

    /// Tells whether a mail is due.
    pub(crate) async fn has_mail_due(&self, now: Timestamp) -> Result<bool> {
        let due = query("SELECT 1 FROM cloakroom_outbox WHERE due_at <= $1 AND abandoned_at IS NULL LIMIT 1")
            .bind(now)
            .optional::<(i32,)>(&self.db)
            .await?;
        Ok(due.is_some())
    }

    /// Tells whether a mail is pending or being sent.
    #[cfg(feature = "testing")]
    pub(crate) async fn has_mail(&self) -> Result<bool> {
        let any = query("SELECT 1 FROM cloakroom_outbox WHERE abandoned_at IS NULL LIMIT 1");
        Ok(any.optional::<(i32,)>(&self.db).await?.is_some())
    }
}

impl Tx {
    /// Puts a mail into the outbox. It is sent once this transaction is committed.
    pub(crate) async fn add_mail(&mut self, mail: NewMail<'_>) -> Result<()> {
        query(
            "INSERT INTO cloakroom_outbox (id, kind, challenge_id, nonce, user_id, recipient, occasion, created_at, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        )
        .bind(mail.id)
        .bind(mail.kind)
        .bind(mail.challenge.map(|(id, _)| id.to_owned()))
        .bind(mail.challenge.map(|(_, nonce)| nonce.to_owned()))
        .bind(mail.user_id.map(str::to_owned))
        .bind(mail.recipient)
        .bind(mail.occasion)
        .bind(mail.now)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Leases the mail that has been due for longest. Mails of the `busy` lanes and those that another process is leasing are
    /// skipped. When a lease expires, another process may take the mail.
    pub(crate) async fn lease_mail(
        &mut self,
        now: Timestamp,
        lease: Duration,
        busy: &[String; MOST_BUSY],
    ) -> Result<Option<LeasedMail>> {
        let [one, two, three] = busy;
        query(locking!(
            self,
            "WITH chosen AS (SELECT id FROM cloakroom_outbox WHERE due_at <= $1 AND abandoned_at IS NULL
                             AND COALESCE((SELECT email_canonical FROM cloakroom_challenges WHERE cloakroom_challenges.id = cloakroom_outbox.challenge_id), recipient)
                                 NOT IN ($3, $4, $5)
                             ORDER BY due_at, id LIMIT 1",
            "FOR UPDATE SKIP LOCKED",
            ") UPDATE cloakroom_outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN (SELECT id FROM chosen)
             RETURNING id, kind, challenge_id, nonce, user_id, recipient, occasion, attempts, created_at,
                 COALESCE((SELECT email_canonical FROM cloakroom_challenges WHERE cloakroom_challenges.id = cloakroom_outbox.challenge_id), recipient) AS lane",
        ))
        .bind(now)
        .bind(now.plus(lease))
        .bind(one.as_str())
        .bind(two.as_str())
        .bind(three.as_str())
        .optional(self)
        .await
    }

    /// Extends a lease. Tells whether this process still held it.
    pub(crate) async fn hold_mail(&mut self, mail: &LeasedMail, until: Timestamp) -> Result<bool> {
        let held =
            query("UPDATE cloakroom_outbox SET due_at = $3 WHERE id = $1 AND attempts = $2 AND abandoned_at IS NULL")
                .bind(&*mail.id)
                .bind(mail.attempts)
                .bind(until)
                .execute(self)
                .await?;
        Ok(held.0 == 1)
    }

    /// Removes a mail from the outbox: the mail server has accepted it, or it has become irrelevant.
    pub(crate) async fn end_mail(&mut self, mail: &LeasedMail) -> Result<()> {
        query("DELETE FROM cloakroom_outbox WHERE id = $1").bind(&*mail.id).execute(self).await?;
        Ok(())
    }

    /// Records why an attempt failed, and the time of the next one.
    pub(crate) async fn retry_mail(
        &mut self,
        mail: &LeasedMail,
        reason: &str,
        due_at: Timestamp,
    ) -> Result<()> {
        query("UPDATE cloakroom_outbox SET last_error = $3, due_at = $4 WHERE id = $1 AND attempts = $2")
            .bind(&*mail.id)
            .bind(mail.attempts)
            .bind(reason)
            .bind(due_at)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Abandons a mail visibly: it stays until somebody sends it again or it is a month old. Tells whether this process still
    /// held the lease.
    pub(crate) async fn abandon_mail(
        &mut self,
        mail: &LeasedMail,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let abandoned = query(
            "UPDATE cloakroom_outbox SET last_error = $3, abandoned_at = $4
             WHERE id = $1 AND attempts = $2 AND abandoned_at IS NULL",
        )
        .bind(&*mail.id)
        .bind(mail.attempts)
        .bind(reason)
        .bind(now)
        .execute(self)
        .await?;
        Ok(abandoned.0 == 1)
    }

    /// Makes an abandoned mail due as if it had never been attempted. Tells whether there is one. A mail that is pending or
    /// being sent is left to the holder of its lease.
    pub(crate) async fn revive_mail(&mut self, id: &str, now: Timestamp) -> Result<bool> {
        let revived = query(
            "UPDATE cloakroom_outbox SET attempts = 0, due_at = $2, abandoned_at = NULL
             WHERE id = $1 AND abandoned_at IS NOT NULL",
        )
        .bind(id)
        .bind(now)
        .execute(self)
        .await?;
        Ok(revived.0 == 1)
    }

    /// Removes at most `most` mails that were abandoned before `before`. Returns the number of rows.
    pub(crate) async fn sweep_mails(&mut self, before: Timestamp, most: i64) -> Result<u64> {
        let swept = query(locking!(
            self,
            "WITH chosen AS (SELECT id FROM cloakroom_outbox WHERE abandoned_at <= $1 LIMIT $2",
            "FOR UPDATE SKIP LOCKED",
            ") DELETE FROM cloakroom_outbox WHERE id IN (SELECT id FROM chosen)",
        ))
        .bind(before)
        .bind(most)
        .execute(self)
        .await?;
        Ok(swept.0)
    }
}
