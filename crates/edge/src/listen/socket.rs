//! One accepted connection's socket, with the two deadlines that neither hyper nor axum keeps.
//!
//! *A client that does not read*: once the kernel's send buffer is full, nothing in the stack limits the wait of a
//! reply. Here a write that makes no progress for [`Deadlines::write_stall`](super::Deadlines) fails.
//!
//! *A client that still sends after the reply* (a body that is too large, say): closing a socket with unread bytes makes
//! the kernel send a reset. The reset destroys the reply that explains the refusal. So the last bytes are first read and
//! discarded for a moment (RFC 9112, section 9.6).
//!
//! Invariant: on the usual path (write succeeds, body was read) this adds a branch and no timer.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::standing::Standing;

/// The most bytes that a lingering close discards before it closes the socket regardless of the client.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// A flag, set when a request's body was dropped before its end, so that the close must linger.
pub(super) type BodyAbandoned = Arc<AtomicBool>;

/// The time for which the server waits for a client that does not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) write_stall: Duration,
    pub(super) linger: Duration,
}

/// A TCP stream whose writes may not stall, and whose close lets the peer read the last reply.
pub(super) struct Socket {
    stream: TcpStream,
    patience: Patience,
    standing: Arc<Standing>,
    body_abandoned: BodyAbandoned,
    /// The timer, which runs only while a write or a lingering close waits.
    timer: Option<Pin<Box<Sleep>>>,
    closing: Option<Closing>,
}

/// The progress of a lingering close.
struct Closing {
    discarded: usize,
}

impl Socket {
    /// Wraps an accepted stream.
    pub(super) fn new(
        stream: TcpStream,
        patience: Patience,
        standing: Arc<Standing>,
        body_abandoned: BodyAbandoned,
    ) -> Self {
        Self { stream, patience, standing, body_abandoned, timer: None, closing: None }
    }

    /// Returns a finished write; starts or checks the timer of one that waits.
    fn within_deadline(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            if self.timer.take().is_some() {
                self.standing.goes_on();
            }
            return written;
        }
        if self.timer.is_none() {
            self.standing.waits();
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.patience.write_stall)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads and discards bytes until the peer closes, or the limit of time or of bytes is reached.
    fn poll_linger(&mut self, context: &mut Context<'_>, mut closing: Closing) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.patience.linger)));
        if timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let mut scratch = [0; 8 * 1024];
        while closing.discarded < LINGER_BYTES {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    closing.discarded += buffer.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.closing = Some(closing);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.standing.receives();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within_deadline(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.within_deadline(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closing = if let Some(closing) = self.closing.take() {
            closing
        } else {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            if !self.body_abandoned.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            self.timer = None;
            Closing { discarded: 0 }
        };
        self.poll_linger(context, closing).map(Ok)
    }
}
