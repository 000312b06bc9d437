//! A request's body with a deadline, so that no client can hold a connection by sending a byte now and then.
//!
//! One timer runs from the handler's first read of the body to the body's end. It covers a body that stops half-way and
//! one that arrives a byte at a time. The many requests without a body need no timer. Bodies are small here (64 KiB at
//! most). So one deadline for the whole is fair to slow networks, and no rate needs to be computed.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use super::{socket::BodyAbandoned, standing::Standing};

/// A flag for the code that sends the reply: the deadline has passed, so it answers 408 in place of the handler's reply.
pub(super) type BodyTimedOut = Arc<AtomicBool>;

/// The body that hyper reads from the socket, which fails once its deadline has passed.
pub(super) struct TimedBody {
    body: Incoming,
    deadline: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    timed_out: BodyTimedOut,
    standing: Arc<Standing>,
    abandoned: BodyAbandoned,
}

impl TimedBody {
    /// Gives `body` at most `deadline` from the first read. A drop before the body's end is noted in `abandoned`.
    pub(super) fn new(
        body: Incoming,
        deadline: Duration,
        standing: Arc<Standing>,
        abandoned: BodyAbandoned,
    ) -> Self {
        Self { body, deadline, timer: None, timed_out: BodyTimedOut::default(), standing, abandoned }
    }

    /// Returns the flag that is set when the deadline passes.
    pub(super) fn timed_out(&self) -> BodyTimedOut {
        Arc::clone(&self.timed_out)
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            if this.timer.is_some() {
                this.standing.goes_on();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Connection)));
        }
        if !this.standing.is_waiting() {
            this.standing.waits();
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(this.deadline)));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.standing.goes_on();
        this.timed_out.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(BodyError::TimedOut)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.abandoned.store(true, Ordering::Relaxed);
        }
    }
}

/// The reason why a body ended before its last byte.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The client took longer than the deadline allows.
    TimedOut,
    /// The connection broke, or the framing is invalid.
    Connection(hyper::Error),
}

impl fmt::Display for BodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => formatter.write_str("the request's body did not arrive in time"),
            Self::Connection(_) => formatter.write_str("the request's body could not be read"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TimedOut => None,
            Self::Connection(error) => Some(error),
        }
    }
}
