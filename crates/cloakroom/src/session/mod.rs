//! Open sessions. Every request of every app looks up its session, so it is answered from memory where that is safe.
//!
//! Invariant: a ticket that was revoked here is refused by the next request here, and within a second on every other node. So
//! the cache is used only while revocations are heard (`jobs`). An entry is dropped after the commit that ends its session. An
//! entry that was read before that commit is never put back.

mod cache;
mod live;
mod principal;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::error::Result;
use crate::secret::{Ticket, TicketHash};
use crate::store::Store;
use cache::Cache;
pub(crate) use live::Live;
pub use principal::{Credential, Principal};

/// The sessions of every browser. Those that were read a moment ago are in memory.
pub(crate) struct Sessions {
    cache: Cache,
    store: Store,
    clock: Clock,
    /// The time without use after which a session ends.
    idle: Duration,
}

/// The session that a ticket opened.
pub(crate) struct Opened {
    pub(crate) live: Arc<Live>,
    /// Set when the idle end has moved, so that the cookie's end must move as well.
    pub(crate) is_renewed: bool,
}

impl Sessions {
    pub(crate) fn new(limits: &config::Session, store: &Store, clock: &Clock) -> Self {
        let idle = limits.idle.duration();
        Self { cache: Cache::new(), store: store.clone(), clock: clock.clone(), idle }
    }

    /// Returns the open session of a ticket, if it has one, and moves its idle end.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when storage does not answer.
    pub(crate) async fn authenticate(&self, ticket: &Ticket) -> Result<Option<Opened>> {
        let now = self.clock.now();
        let hash = ticket.hash();
        // Past its idle end here, the session may have been active on another node: storage knows.
        let known = self.cache.get(hash, now).filter(|live| self.is_open(live, now));
        let live = if let Some(live) = known {
            self.cache.count_hit();
            live
        } else {
            self.cache.count_miss();
            let before = self.cache.revocations();
            let Some(session) = self.store.live_session(hash, now, now.minus(self.idle)).await? else {
                return Ok(None);
            };
            let live = Arc::new(Live::new(session, hash, now)?);
            self.cache.put(hash, Arc::clone(&live), before);
            live
        };
        if !self.is_open(&live, now) {
            self.cache.forget(hash);
            return Ok(None);
        }
        let is_renewed = self.touch(&live, hash, now);
        Ok(Some(Opened { live, is_renewed }))
    }

    /// Returns the end of a session if nothing more happens: the idle end, or the absolute one when that comes first.
    pub(crate) fn ends_at(&self, live: &Live) -> Timestamp {
        live.last_seen_at().plus(self.idle).min(live.expires_at)
    }

    fn is_open(&self, live: &Live, now: Timestamp) -> bool {
        now < self.ends_at(live)
    }

    /// Moves the idle end when it was moved long enough ago, and tells whether it did. Storage is updated in the background, so
    /// that no read waits for a write.
    fn touch(&self, live: &Live, ticket: TicketHash, now: Timestamp) -> bool {
        let is_moved = live.move_to(now, self.idle);
        if is_moved {
            let store = self.store.clone();
            tokio::spawn(async move {
                let written = async {
                    let mut tx = store.begin().await?;
                    tx.touch_session(ticket, now).await?;
                    tx.commit().await
                };
                if let Err(error) = written.await {
                    tracing::warn!(error = error.with_causes(), "activity was not written down");
                }
            });
        }
        is_moved
    }

    /// Tells whether a session was read lately and has not been revoked since, as far as this process knows.
    pub(crate) fn has(&self, ticket: TicketHash) -> bool {
        self.cache.has(ticket)
    }

    /// Drops one session from memory, after the commit that ended it.
    pub(crate) fn forget(&self, ticket: TicketHash) {
        self.cache.forget(ticket);
    }

    /// Drops all sessions from memory.
    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }

    /// Records whether revocations of other processes are heard from now on. Earlier entries are not used.
    pub(crate) fn set_hearing(&self, is_hearing: bool) {
        self.cache.forget_all();
        self.cache.believe(is_hearing);
    }

    /// Records whether cached entries are used from now on. Nothing is dropped: on the same connection, every revocation of the
    /// meantime is heard before the next heartbeat.
    pub(crate) fn believe(&self, is_hearing: bool) {
        self.cache.believe(is_hearing);
    }
}
