//! The accept loop: turns a listening socket and a router into answered requests, and survives rude clients.
//!
//! `axum::serve` has no deadlines: partial headers, slow bodies, silent and unread connections stay open as long as the
//! client likes, so that a few thousand idle sockets stop a server. Here every wait for a client ends:
//!
//! | the client … | ends after | kept by |
//! |---|---|---|
//! | sends nothing, or half a head, or idles between requests | [`Deadlines::head`] | hyper's header timer, which starts on accept and after each reply |
//! | sends its body slowly, or stops half-way | [`Deadlines::body`] | [`TimedBody`]; answered with 408 |
//! | does not read the reply | [`Deadlines::write_stall`] | [`Socket`] |
//!
//! HTTP/1.1 only, on purpose. Browsers speak HTTP/2 over TLS alone, and TLS ends at the proxy in front; between proxy
//! and server HTTP/1.1 is what proxies use by default. That leaves out hyper's HTTP/2 half with its own family of
//! floods, and the protocol sniffing that waits without a deadline for a first byte.
//!
//! What must stay true: a failed `accept` never ends the loop; a connection beyond the cap waits in the kernel's queue
//! instead of costing memory; a stop loses no request that was already sent.
//!
//! A proxy that keeps idle connections to Cloakroom should drop them before [`Deadlines::head`] has passed.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
    routing::future::RouteFuture,
};
use http_body::Body as _;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tower::Service;

use self::{
    body::{BodyTimedOut, TimedBody},
    socket::{BodyAbandoned, Socket},
    timer::HeadTimer,
};
use crate::problem::problem;

mod body;
mod socket;
mod timer;

/// No more connections than this, however many files the system would let us open.
const MOST_CONNECTIONS: usize = 10_000;

/// Descriptors left for everything that is not a client: database, mail, providers, the log.
const RESERVED_FILES: usize = 64;

/// Bytes of request line and headers together; more is answered with 431. Also the size of hyper's read buffer.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// Between the last accept and the order to close: a request that is on its way into a fresh socket gets read.
const SETTLE: Duration = Duration::from_millis(50);

/// How long the server waits for a client, and for its own stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// From the accept, or from the end of the last reply, to the end of a request's head.
    pub(crate) head: Duration,
    /// From the handler's first read of a request's body to its last byte.
    pub(crate) body: Duration,
    /// Without progress while a reply is written.
    pub(crate) write_stall: Duration,
    /// For a client to read our last words when its request was refused before it had been sent whole.
    pub(crate) linger: Duration,
    /// From the order to stop to the moment when requests in flight are dropped.
    pub(crate) stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            write_stall: Duration::from_secs(10),
            linger: Duration::from_secs(2),
            stop: Duration::from_secs(30),
        }
    }
}

/// Serves `app` until `shutdown` resolves, then lets requests in flight finish and returns.
///
/// Each request carries a [`ConnectInfo<SocketAddr>`] with the peer's address. Returns after [`Deadlines::stop`] at the
/// latest; connections that still run then end with the runtime.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    deadlines: Deadlines,
    shutdown: impl Future<Output = ()>,
) {
    let (stop, _) = watch::channel(());
    let slots = Arc::new(Semaphore::new(connection_limit()));
    let server = Server { app, deadlines, stop: stop.clone(), http: protocol(deadlines) };

    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (slot, stream, peer) = accept(&listener, &slots) => server.spawn(slot, stream, peer),
        }
    }
    server.accept_the_rest(listener, &slots);
    drop(server);
    sleep(SETTLE).await;
    stop.send_replace(());
    if timeout(deadlines.stop.saturating_sub(SETTLE), stop.closed()).await.is_err() {
        let connections = stop.receiver_count();
        tracing::warn!(connections, "stopped before every request had been answered");
    }
}

/// How many connections may be open at once: what the system's file limit leaves, after raising it as far as allowed.
fn connection_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // No limit at all reads as `None`.
    let files = files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    files.saturating_sub(RESERVED_FILES).clamp(16, MOST_CONNECTIONS)
}

/// The next connection within the cap; waits out errors such as a shortage of descriptors.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(10);
    loop {
        // The slot comes first: without one the connection stays in the kernel's queue and costs us nothing.
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            unreachable!("the semaphore is never closed")
        };
        match listener.accept().await {
            Ok((stream, peer)) => return (slot, stream, peer),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; trying again");
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// Whether `accept` failed for one client that has already gone, so that the next may be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// hyper's settings, the same for every connection.
fn protocol(deadlines: Deadlines) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.header_read_timeout(deadlines.head).max_buf_size(MOST_HEAD_BYTES).half_close(false);
    http
}

/// What every connection needs, shared by all.
struct Server {
    app: Router,
    deadlines: Deadlines,
    stop: watch::Sender<()>,
    http: http1::Builder,
}

impl Server {
    /// What the kernel has already accepted for us counts as accepted: closing the listener would reset it.
    ///
    /// Asks the system directly, since tokio knows only what its last look at the socket has told it.
    fn accept_the_rest(&self, listener: TcpListener, slots: &Arc<Semaphore>) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
            let Ok((stream, peer)) = listener.accept() else { return };
            if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                self.spawn(slot, stream, peer);
            }
        }
    }

    /// Answers one connection's requests in a task of its own, which holds its `slot` until the end.
    fn spawn(&self, slot: OwnedSemaphorePermit, stream: TcpStream, peer: SocketAddr) {
        let Deadlines { write_stall, linger, body, .. } = self.deadlines;
        // Without it a reply in two segments waits for the client's delayed acknowledgement. It fails only when the
        // client has gone already.
        let _ = stream.set_nodelay(true);
        let abandoned = BodyAbandoned::default();
        let socket = Socket::new(stream, write_stall, linger, Arc::clone(&abandoned));
        let service = Connection { app: self.app.clone(), peer, body_deadline: body, abandoned };
        let connection =
            self.http.clone().timer(HeadTimer::default()).serve_connection(TokioIo::new(socket), service);
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // The connection goes first, so that a request which has already arrived is read before the stop is heard.
            let ended = tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                _ = stop.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::trace!(%error, "connection ended early");
            }
            // `serve` waits until every receiver of the stop signal is gone; slots are for those that come after.
            drop((stop, slot));
        });
    }
}

/// Hands one connection's requests to the router.
struct Connection {
    app: Router,
    peer: SocketAddr,
    body_deadline: Duration,
    abandoned: BodyAbandoned,
}

impl hyper::service::Service<Request<Incoming>> for Connection {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(ConnectInfo(self.peer));
        let (body, timed_out) = if body.is_end_stream() {
            (Body::empty(), None)
        } else {
            let body = TimedBody::new(body, self.body_deadline, Arc::clone(&self.abandoned));
            let timed_out = body.timed_out();
            (Body::new(body), Some(timed_out))
        };
        // A router is one shared pointer: this clone copies it and counts.
        let mut app = self.app.clone();
        Reply { reply: app.call(Request::from_parts(parts, body)), timed_out }
    }
}

pin_project_lite::pin_project! {
    /// The router's reply, or 408 when the request's body came too late for it to mean anything.
    struct Reply {
        #[pin]
        reply: RouteFuture<Infallible>,
        timed_out: Option<BodyTimedOut>,
    }
}

impl Future for Reply {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut reply) = ready!(this.reply.poll(context));
        let late = this.timed_out.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
        if late && !reply.status().is_success() {
            let (parts, body) = too_late().into_parts();
            *reply.status_mut() = parts.status;
            // The headers that the layers have set stay: request id, security.
            reply.headers_mut().remove(header::CONTENT_LENGTH);
            reply.headers_mut().extend(parts.headers);
            *reply.body_mut() = body;
        }
        Poll::Ready(Ok(reply))
    }
}

/// 408 for a body that did not arrive in time.
fn too_late() -> Response<Body> {
    problem(
        StatusCode::REQUEST_TIMEOUT,
        "Request timeout",
        "request_timeout",
        "The request's body did not arrive in time.",
    )
}
