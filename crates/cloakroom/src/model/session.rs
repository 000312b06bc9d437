//! A row in `sessions` always means "signed in".

use crate::clock::Timestamp;
use crate::model::user::Account;
use crate::secret::TicketHash;

/// A session about to be written.
pub(crate) struct NewSession {
    pub(crate) id: String,
    pub(crate) ticket_hash: TicketHash,
    pub(crate) user_id: String,
    pub(crate) now: Timestamp,
    /// The absolute end; no activity moves it.
    pub(crate) expires_at: Timestamp,
    /// Whether a password opens it.
    pub(crate) is_by_password: bool,
}

/// A new proof of identity within an open session.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    pub(crate) at: Timestamp,
    pub(crate) is_by_password: bool,
}

/// A session that was ended just now.
pub(crate) struct EndedSession {
    pub(crate) user_id: String,
    /// The one that it had at last.
    pub(crate) ticket: TicketHash,
}

/// A session and whose it is, as one joined query finds them.
pub(crate) struct LiveSession {
    pub(crate) authenticated_at: Timestamp,
    /// The last proof by password, if there was one.
    pub(crate) password_at: Option<Timestamp>,
    pub(crate) last_seen_at: Timestamp,
    /// The absolute end; no activity moves it.
    pub(crate) expires_at: Timestamp,
    pub(crate) account: Account,
}
