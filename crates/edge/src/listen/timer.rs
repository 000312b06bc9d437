//! A connection's timer for the heads of its requests.
//!
//! hyper has one deadline for two waits: for the first byte of a head, and for the rest of it. Between requests the first
//! wait may be long, but the second must be short. So the deadline moves closer when a head has begun.
//!
//! hyper asks for a timer when it begins to wait for a head, and drops it when the head is complete. Creating and
//! dropping one of tokio's timers takes a lock that all connections share, twice for each request. But deadlines mostly
//! move forward. So one tokio timer is kept, and reset when it fires too early, which is rare.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt;
use tokio::time::{Sleep, sleep_until};

use super::{Deadlines, standing::Standing};

/// The one timer of a connection, created at its first wait.
pub(super) struct HeadTimer {
    head: Duration,
    idle: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    standing: Arc<Standing>,
    sleep: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl HeadTimer {
    /// Creates a timer that has not run yet.
    pub(super) fn new(deadlines: Deadlines, standing: Arc<Standing>) -> Self {
        let shared = Arc::new(Shared { standing, sleep: Mutex::default() });
        Self { head: deadlines.head, idle: deadlines.idle, shared }
    }
}

impl rt::Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    /// Starts a wait. hyper's deadline is ignored, since it covers both waits; this timer knows the present wait and its
    /// length.
    fn sleep_until(&self, _deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        let standing = &self.shared.standing;
        standing.waits_for_head();
        let wait = if standing.has_had_a_request() { self.idle } else { self.head };
        Box::pin(Wait { deadline: self.now() + wait, head: self.head, shared: Arc::clone(&self.shared) })
    }
}

/// A wait for a head, until its deadline.
struct Wait {
    deadline: Instant,
    head: Duration,
    shared: Arc<Shared>,
}

impl rt::Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    /// Checks the deadline; hyper polls it whenever bytes have arrived and the head is not complete.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Shared { standing, sleep } = &*self.shared;
        let deadline = match standing.head_since() {
            Some(since) => self.deadline.min(since + self.head),
            None => self.deadline,
        };
        let deadline = tokio::time::Instant::from(deadline);
        // One connection is polled by one thread at a time, so nothing contends for this lock.
        let mut timer = sleep.lock().unwrap_or_else(PoisonError::into_inner);
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}
