//! A connection's timer for the heads of its requests.
//!
//! hyper asks for a timer when it begins to wait for a head, and drops it when the head is there. To make one of tokio's
//! and to drop it takes a lock that all connections share, twice for each request. But deadlines only move forward: so
//! one of tokio's is kept, and set anew when it strikes too early, which is once in [`Deadlines::head`](super::Deadlines).

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt;
use tokio::time::{Sleep, sleep_until};

/// The one timer of a connection, once there has been a wait.
#[derive(Default)]
pub(super) struct HeadTimer(Arc<Mutex<Option<Pin<Box<Sleep>>>>>);

impl rt::Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Wait { deadline, timer: Arc::clone(&self.0) })
    }
}

/// A wait for a head, until its deadline.
struct Wait {
    deadline: Instant,
    timer: Arc<Mutex<Option<Pin<Box<Sleep>>>>>,
}

impl rt::Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // One connection is polled by one thread at a time: nobody waits here.
        let mut timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(self.deadline.into())));
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= self.deadline.into() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.deadline.into());
        }
    }
}
