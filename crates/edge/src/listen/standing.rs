//! A connection's standing: whether it waits for its client, since when, and whether it was ordered to end.
//!
//! The parts of a connection (socket, timer, service) write it. [`Places`](super::places::Places) reads it to find the
//! connection that has waited longest. All of it is atomics: a request costs two clock readings and no lock.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// A moment as milliseconds since the listener started, plus one; 0 means never.
type Moment = u64;

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Standing {
    started: Instant,
    /// The moment at which it began to wait for its client; 0 while a request is handled.
    waiting_since: AtomicU64,
    /// True once a part of the head that it waits for has arrived.
    head_has_begun: AtomicBool,
    /// The moment at which that was noticed; 0 before.
    head_since: AtomicU64,
    has_had_a_request: AtomicBool,
    is_ending: AtomicBool,
    end: Notify,
}

impl Standing {
    /// Creates the state of a connection that was just accepted, and waits for its first request. `started` is the
    /// listener's.
    pub(super) fn new(started: Instant) -> Self {
        let standing = Self {
            started,
            waiting_since: AtomicU64::new(0),
            head_has_begun: AtomicBool::new(false),
            head_since: AtomicU64::new(0),
            has_had_a_request: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            end: Notify::new(),
        };
        standing.waits();
        standing
    }

    /// Notes that it waits for its client: for a request, for the rest of one, or for a reply to be read.
    pub(super) fn waits(&self) {
        self.waiting_since.store(self.now(), Ordering::Relaxed);
    }

    /// Notes that the wait for the client is over.
    pub(super) fn goes_on(&self) {
        self.waiting_since.store(0, Ordering::Relaxed);
    }

    /// Notes that a request's head has arrived.
    pub(super) fn has_request(&self) {
        self.goes_on();
        self.has_had_a_request.store(true, Ordering::Relaxed);
    }

    /// Notes that it waits for a head of which nothing has arrived.
    pub(super) fn waits_for_head(&self) {
        self.waits();
        self.head_has_begun.store(false, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
    }

    /// Notes that bytes have arrived, of a head or of anything else.
    pub(super) fn receives(&self) {
        if !self.head_has_begun.load(Ordering::Relaxed) {
            self.head_has_begun.store(true, Ordering::Relaxed);
        }
    }

    /// Returns the moment at which an incomplete head was first noticed; `None` when nothing of it has arrived.
    pub(super) fn head_since(&self) -> Option<Instant> {
        if !self.head_has_begun.load(Ordering::Relaxed) {
            return None;
        }
        if self.head_since.load(Ordering::Relaxed) == 0 {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
        Some(self.started + Duration::from_millis(self.head_since.load(Ordering::Relaxed)))
    }

    /// Tells whether it has carried a request.
    pub(super) fn has_had_a_request(&self) -> bool {
        self.has_had_a_request.load(Ordering::Relaxed)
    }

    /// Returns the moment at which it began to wait, to compare with others. `None` while it does not wait, or when it is
    /// ending already.
    pub(super) fn waiting_since(&self) -> Option<Moment> {
        let since = self.waiting_since.load(Ordering::Relaxed);
        (since > 0 && !self.is_ending.load(Ordering::Relaxed)).then_some(since)
    }

    /// Orders it to end, as soon as a request that may have arrived meanwhile is answered.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.end.notify_one();
    }

    /// Waits until it is ordered to end.
    pub(super) async fn told_to_end(&self) {
        self.end.notified().await;
    }

    /// Tells whether it waits for its client, even if it was ordered to end.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting_since.load(Ordering::Relaxed) > 0
    }

    fn now(&self) -> Moment {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}
