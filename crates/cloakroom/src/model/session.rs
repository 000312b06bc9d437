//! A row in `sessions` always means "signed in".

use crate::clock::Timestamp;
use crate::model::method::Method;
use crate::model::user::Account;
use crate::secret::TicketHash;

/// A session about to be written.
pub(crate) struct NewSession {
    pub(crate) id: String,
    pub(crate) ticket_hash: TicketHash,
    pub(crate) user_id: String,
    pub(crate) now: Timestamp,
    /// The absolute end; activity does not move it.
    pub(crate) expires_at: Timestamp,
    /// The methods that open it, in the order of their proof.
    pub(crate) methods: Vec<Method>,
    /// The proof by password, if one opens it.
    pub(crate) password_at: Option<Timestamp>,
}

/// A new proof of identity within an open session.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    pub(crate) at: Timestamp,
    pub(crate) method: Method,
}

/// A session that has just ended.
pub(crate) struct EndedSession {
    pub(crate) id: String,
    /// The address of its user.
    pub(crate) email: String,
    pub(crate) user_id: String,
    /// The last ticket that it had.
    pub(crate) ticket: TicketHash,
}

/// A session and its user, as one joined query finds them.
pub(crate) struct LiveSession {
    pub(crate) id: String,
    /// The methods of its proofs, in their order.
    pub(crate) methods: Box<[Method]>,
    pub(crate) authenticated_at: Timestamp,
    /// The last proof by password, if there was one.
    pub(crate) password_at: Option<Timestamp>,
    /// The last proof by a second factor, if there was one.
    pub(crate) second_factor_at: Option<Timestamp>,
    pub(crate) last_seen_at: Timestamp,
    /// The absolute end; activity does not move it.
    pub(crate) expires_at: Timestamp,
    pub(crate) account: Account,
}
