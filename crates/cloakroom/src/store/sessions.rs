//! The table `sessions`.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::method;
use crate::model::method::Method;
use crate::model::session::{EndedSession, LiveSession, NewSession, Proof};
use crate::model::user::Account;
use crate::secret::TicketHash;
use crate::store::db::{locking, query};
use crate::store::revocations::Revocation;
use crate::store::{Store, Tx, users};

/// A session joined with its user.
#[derive(sqlx::FromRow)]
struct Row {
    session_id: String,
    amr: String,
    authenticated_at: i64,
    password_at: Option<i64>,
    second_factor_at: Option<i64>,
    last_seen_at: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    user: users::Row,
}

/// Returns the methods of a session. For a session that an earlier version opened, they follow from its proof by password.
fn methods(amr: &str, has_password_proof: bool) -> Box<[Method]> {
    let earlier = if has_password_proof { Method::Password.as_str() } else { "" };
    method::from_words(if amr.is_empty() { earlier } else { amr })
}

impl Store {
    /// Returns the session of a ticket, if it is open: before its absolute end, seen since `idle_since`, its user active.
    pub(crate) async fn live_session(
        &self,
        ticket: TicketHash,
        now: Timestamp,
        idle_since: Timestamp,
    ) -> Result<Option<LiveSession>> {
        let row = query(concat!(
            "SELECT s.id AS session_id, s.amr, s.authenticated_at, s.password_at, s.second_factor_at, s.last_seen_at, s.expires_at, ",
            users::columns!("u"),
            " FROM cloakroom_sessions s JOIN cloakroom_users u ON u.id = s.user_id
              WHERE s.ticket_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.is_active",
        ))
        .bind(ticket)
        .bind(now)
        .bind(idle_since)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.map(|row| LiveSession {
            id: row.session_id,
            methods: methods(&row.amr, row.password_at.is_some()),
            authenticated_at: Timestamp::from_millis(row.authenticated_at),
            password_at: row.password_at.map(Timestamp::from_millis),
            second_factor_at: row.second_factor_at.map(Timestamp::from_millis),
            last_seen_at: Timestamp::from_millis(row.last_seen_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            account: Account::from(row.user),
        }))
    }
}

impl Store {
    /// Counts the sessions past their absolute or idle end, up to `most`.
    pub(crate) async fn ended_sessions(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
        most: u64,
    ) -> Result<u64> {
        let counted = query(
            "SELECT COUNT(*) FROM
                 (SELECT 1 FROM cloakroom_sessions WHERE expires_at <= $1 OR last_seen_at <= $2 LIMIT $3) AS ended",
        )
        .bind(now)
        .bind(idle_since)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .optional::<(i64,)>(&self.db)
        .await?;
        Ok(counted.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
    }
}

impl Tx {
    /// Ends every session of every user. Returns their number.
    pub(crate) async fn end_all_sessions(&mut self) -> Result<u64> {
        let ended = query("DELETE FROM cloakroom_sessions").execute(&mut *self).await?;
        self.announce(&Revocation::Everything).await?;
        Ok(ended.0)
    }

    /// Adds a session, and ends the user's oldest sessions beyond `most`. Returns those that it ended.
    pub(crate) async fn add_session(&mut self, session: &NewSession, most: i64) -> Result<Vec<TicketHash>> {
        query(
            "INSERT INTO cloakroom_sessions
                 (id, ticket_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at, amr, password_at)
             VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7)",
        )
        .bind(&*session.id)
        .bind(session.ticket_hash)
        .bind(&*session.user_id)
        .bind(session.now)
        .bind(session.expires_at)
        .bind(method::to_words(&session.methods))
        .bind(session.password_at)
        .execute(self)
        .await?;
        let ended = query(
            "DELETE FROM cloakroom_sessions WHERE user_id = $1 AND created_at <=
                 (SELECT created_at FROM cloakroom_sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1 OFFSET $2)
             RETURNING ticket_hash",
        )
        .bind(&*session.user_id)
        .bind(most)
        .all::<(String,)>(&mut *self)
        .await?;
        let ended: Vec<TicketHash> =
            ended.iter().filter_map(|(ticket_hash,)| TicketHash::from_text(ticket_hash)).collect();
        for ticket_hash in &ended {
            self.announce(&Revocation::Ticket(ticket_hash.to_text())).await?;
        }
        Ok(ended)
    }

    /// Gives an open session another ticket, and records a new proof of identity. Tells whether it was still open. The method
    /// of the proof becomes the session's last one. The previous ticket opens nothing any more, but still ends the session: a
    /// sign-out with it may be in progress.
    pub(crate) async fn renew_session(
        &mut self,
        ticket: TicketHash,
        renewed: TicketHash,
        proof: Option<Proof>,
    ) -> Result<bool> {
        let touched = query(
            "UPDATE cloakroom_sessions SET ticket_hash = $2, renewed_from = $1, authenticated_at = COALESCE($3, authenticated_at),
                 password_at = COALESCE($4, password_at),
                 amr = CASE WHEN $5 = '' THEN amr ELSE TRIM(REPLACE(
                     ' ' || CASE WHEN amr = '' AND password_at IS NOT NULL THEN 'password' ELSE amr END || ' ',
                     ' ' || $5 || ' ', ' ') || ' ' || $5) END
             WHERE ticket_hash = $1",
        )
        .bind(ticket)
        .bind(renewed)
        .bind(proof.map(|proof| proof.at))
        .bind(proof.filter(|proof| proof.method == Method::Password).map(|proof| proof.at))
        .bind(proof.map_or("", |proof| proof.method.as_str()))
        .execute(&mut *self)
        .await?;
        self.announce(&Revocation::Ticket(ticket.to_text())).await?;
        Ok(touched.0 == 1)
    }

    /// Tells whether the session of a ticket still exists.
    pub(crate) async fn has_session(&mut self, ticket: TicketHash, user_id: &str) -> Result<bool> {
        let found = query("SELECT 1 FROM cloakroom_sessions WHERE ticket_hash = $1 AND user_id = $2")
            .bind(ticket)
            .bind(user_id)
            .optional::<(i32,)>(self)
            .await?;
        Ok(found.is_some())
    }

    /// Ends the session that has a ticket, or had it before its present one. Returns that session, if there was one.
    pub(crate) async fn end_session(&mut self, ticket: TicketHash) -> Result<Option<EndedSession>> {
        let ended = query(
            "DELETE FROM cloakroom_sessions WHERE ticket_hash = $1 OR renewed_from = $1
             RETURNING id, user_id, (SELECT email FROM cloakroom_users WHERE cloakroom_users.id = user_id), ticket_hash",
        )
        .bind(ticket)
        .optional::<(String, String, String, String)>(&mut *self)
        .await?;
        let Some((id, user_id, email, present)) = ended else { return Ok(None) };
        let ticket = TicketHash::from_text(&present).unwrap_or(ticket);
        self.announce(&Revocation::Ticket(present)).await?;
        Ok(Some(EndedSession { id, email, user_id, ticket }))
    }

    /// Ends every session of a user except that of a ticket.
    pub(crate) async fn end_other_sessions_of(&mut self, user_id: &str, ticket: TicketHash) -> Result<()> {
        query("DELETE FROM cloakroom_sessions WHERE user_id = $1 AND ticket_hash <> $2")
            .bind(user_id)
            .bind(ticket)
            .execute(&mut *self)
            .await?;
        self.announce(&Revocation::Everything).await
    }

    /// Ends every session of a user. Returns their number.
    pub(crate) async fn end_sessions_of(&mut self, user_id: &str) -> Result<u64> {
        let ended = query("DELETE FROM cloakroom_sessions WHERE user_id = $1")
            .bind(user_id)
            .execute(&mut *self)
            .await?;
        self.announce(&Revocation::Everything).await?;
        Ok(ended.0)
    }

    /// Moves the idle end of a session. It never moves back, and a session that has ended stays ended.
    pub(crate) async fn touch_session(&mut self, ticket: TicketHash, now: Timestamp) -> Result<()> {
        query("UPDATE cloakroom_sessions SET last_seen_at = $2 WHERE ticket_hash = $1 AND last_seen_at < $2")
            .bind(ticket)
            .bind(now)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Removes at most `most` sessions past their absolute or idle end. Returns the number of rows.
    pub(crate) async fn sweep_sessions(
        &mut self,
        now: Timestamp,
        idle_since: Timestamp,
        most: i64,
    ) -> Result<u64> {
        let swept = query(locking!(
            self,
            "WITH chosen AS (SELECT id FROM cloakroom_sessions WHERE expires_at <= $1 OR last_seen_at <= $2 LIMIT $3",
            "FOR UPDATE SKIP LOCKED",
            ") DELETE FROM cloakroom_sessions WHERE id IN (SELECT id FROM chosen)",
        ))
        .bind(now)
        .bind(idle_since)
        .bind(most)
        .execute(self)
        .await?;
        Ok(swept.0)
    }
}
