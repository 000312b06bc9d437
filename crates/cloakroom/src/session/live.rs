//! A session in memory.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::method::Method;
use crate::model::session::LiveSession;
use crate::model::user::User;
use crate::secret::TicketHash;

/// The least time between two records of activity…
const TOUCH_PERIOD: Duration = Duration::from_mins(5);
/// …and the least number of such records within the idle limit.
const TOUCHES_PER_IDLE: u32 = 20;

/// An open session and its owner.
pub(crate) struct Live {
    /// The session's id. It may be shown: it opens nothing.
    pub(crate) id: Box<str>,
    /// The ticket that the session was found by.
    pub(crate) ticket: TicketHash,
    pub(crate) user: User,
    /// The reply of `GET /api/users/profile/`, already written as JSON.
    pub(crate) profile: Bytes,
    /// The methods of its proofs, in their order.
    pub(crate) methods: Box<[Method]>,
    /// The last proof of identity.
    pub(crate) authenticated_at: Timestamp,
    /// The last proof by password in this session, if there was one.
    pub(crate) password_at: Option<Timestamp>,
    /// The last proof by a second factor in this session, if there was one.
    pub(crate) second_factor_at: Option<Timestamp>,
    /// The absolute end.
    pub(super) expires_at: Timestamp,
    /// The time of the last activity, in milliseconds since 1970. It moves without the entry being replaced.
    last_seen_at: AtomicI64,
    pub(super) read_at: Timestamp,
}

impl Live {
    pub(super) fn new(session: LiveSession, ticket: TicketHash, now: Timestamp) -> Result<Self> {
        let user = session.account.user();
        let profile = serde_json::to_vec(&user.profile()).map_err(Error::internal)?;
        Ok(Self {
            id: session.id.into(),
            ticket,
            // A boxed slice has no spare capacity.
            profile: profile.into_boxed_slice().into(),
            user,
            methods: session.methods,
            authenticated_at: session.authenticated_at,
            password_at: session.password_at,
            second_factor_at: session.second_factor_at,
            expires_at: session.expires_at,
            last_seen_at: AtomicI64::new(session.last_seen_at.as_millis()),
            read_at: now,
        })
    }

    pub(super) fn last_seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.last_seen_at.load(Ordering::Relaxed))
    }

    /// Records activity at `now` when the last record is old enough for the idle limit. Tells whether this call recorded it.
    pub(super) fn move_to(&self, now: Timestamp, idle: Duration) -> bool {
        let period = TOUCH_PERIOD.min(idle / TOUCHES_PER_IDLE);
        let seen = self.last_seen_at.load(Ordering::Relaxed);
        now.since(Timestamp::from_millis(seen)) >= period
            && self
                .last_seen_at
                .compare_exchange(seen, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}
