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
    pub(crate) last_seen_at: Timestamp,
    /// The absolute end; no activity moves it.
    pub(crate) expires_at: Timestamp,
    pub(crate) account: Account,
}
