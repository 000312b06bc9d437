//! Sessions that were read a moment ago.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::Weighter;

use super::Live;
use crate::clock::Timestamp;
use crate::secret::TicketHash;

/// The time for which an entry is used without asking storage again.
const FRESH: Duration = Duration::from_secs(5);
/// The greatest size of the cache, in bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The size of an entry beside its text, in bytes.
const ENTRY_BYTES: u64 = 464;
/// The number of entries of the usual length that fit. Their capacity is reserved at the start: untouched memory costs nothing,
/// and a table that grows later would fragment the heap.
const MOST_ENTRIES: usize = 112 * 1024;

#[derive(Clone)]
struct Weight;

impl Weighter<TicketHash, Arc<Live>> for Weight {
    fn weight(&self, _: &TicketHash, live: &Arc<Live>) -> u64 {
        ENTRY_BYTES + (live.user.email.len() + live.profile.len()) as u64
    }
}

/// The entries, and whether they may be used.
pub(super) struct Cache {
    entries: quick_cache::sync::Cache<TicketHash, Arc<Live>, Weight>,
    /// The number of revocations. An entry read under an older number is not put in.
    revocations: AtomicU64,
    /// Set while revocations of other processes are heard; otherwise no entry is used.
    is_hearing: AtomicBool,
    hits: metrics::Counter,
    misses: metrics::Counter,
    hearing: metrics::Gauge,
    losses: metrics::Counter,
}

impl Cache {
    pub(super) fn new() -> Self {
        let entries = quick_cache::sync::Cache::with_weighter(4096, MOST_BYTES, Weight);
        entries.reserve(MOST_ENTRIES);
        Self {
            entries,
            revocations: AtomicU64::new(0),
            is_hearing: AtomicBool::new(false),
            hits: metrics::counter!("cloakroom_session_checks_total", "cache" => "hit"),
            misses: metrics::counter!("cloakroom_session_checks_total", "cache" => "miss"),
            hearing: metrics::gauge!("cloakroom_revocations_heard"),
            losses: metrics::counter!("cloakroom_revocations_lost_total"),
        }
    }

    pub(super) fn count_hit(&self) {
        self.hits.increment(1);
    }

    pub(super) fn count_miss(&self) {
        self.misses.increment(1);
    }

    pub(super) fn get(&self, ticket: TicketHash, now: Timestamp) -> Option<Arc<Live>> {
        let live = self.entries.get(&ticket)?;
        let is_believed =
            self.is_hearing.load(Ordering::Acquire) && now >= live.read_at && now.since(live.read_at) < FRESH;
        is_believed.then_some(live)
    }

    /// Returns the number of revocations so far. Read it before the session.
    pub(super) fn revocations(&self) -> u64 {
        self.revocations.load(Ordering::SeqCst)
    }

    /// Puts in an entry that was read when `before` revocations had happened.
    pub(super) fn put(&self, ticket: TicketHash, live: Arc<Live>, before: u64) {
        self.entries.insert(ticket, live);
        // A later revocation has removed the entry already, removes it now, or is seen here.
        if self.revocations.load(Ordering::SeqCst) != before {
            self.entries.remove(&ticket);
        }
    }

    pub(super) fn has(&self, ticket: TicketHash) -> bool {
        self.entries.peek(&ticket).is_some()
    }

    pub(super) fn forget(&self, ticket: TicketHash) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
        self.entries.remove(&ticket);
    }

    pub(super) fn forget_all(&self) {
        self.revocations.fetch_add(1, Ordering::SeqCst);
        self.entries.clear();
    }

    pub(super) fn believe(&self, is_hearing: bool) {
        let before = self.is_hearing.swap(is_hearing, Ordering::AcqRel);
        if before && !is_hearing {
            self.losses.increment(1);
        }
        self.hearing.set(if is_hearing { 1.0 } else { 0.0 });
    }
}
