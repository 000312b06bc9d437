//! The accept loop: answers the requests of a listening socket by a router, and survives misbehaving clients.
//!
//! `axum::serve` has no deadlines: connections with partial headers, slow bodies, no bytes or unread replies stay open as
//! long as the client likes. So a few thousand idle sockets stop a server. Here every wait for a client ends:
//!
//! | the client … | ends after | kept by |
//! |---|---|---|
//! | sends nothing, or half a head | [`Deadlines::head`] | [`HeadTimer`] |
//! | idles between requests | [`Deadlines::idle`] | [`HeadTimer`] |
//! | sends its body slowly, or stops half-way | [`Deadlines::body`] | [`TimedBody`]; answered with 408 |
//! | does not read the reply | [`Deadlines::write_stall`] | [`Socket`] |
//!
//! An idle connection may live longer than proxies keep theirs (60 s is common). The proxy must close first, because a
//! request that meets a closing connection is lost. When places become scarce, [`Places`] closes the connections that
//! have waited longest.
//!
//! The server speaks HTTP/1.1 only, on purpose. Browsers speak HTTP/2 over TLS alone, and TLS ends at the proxy in front.
//! Proxies use HTTP/1.1 to the server by default. This leaves out hyper's HTTP/2 half with its own family of flood
//! attacks. It also leaves out the protocol detection, which waits without a deadline for a first byte.
//!
//! Invariants: a failed `accept` never ends the loop. A connection beyond the cap waits in the kernel's queue instead of
//! costing memory. A stop loses no request that was already sent. The last reply of a connection says
//! `Connection: close`.

use std::{
    cell::RefCell,
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
    http::{HeaderValue, Request, Response, StatusCode, header},
    routing::future::RouteFuture,
};
use http_body::Body as _;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, watch},
    time::{sleep, timeout},
};
use tower::Service;

pub use self::places::IsProxy;
use self::{
    body::{BodyTimedOut, TimedBody},
    places::{Place, Places},
    socket::{BodyAbandoned, Socket},
    standing::Standing,
    timer::HeadTimer,
};
use crate::problem::problem;

mod body;
mod places;
mod socket;
mod standing;
mod timer;

/// The most connections, even if the system would allow more open files.
const MOST_CONNECTIONS: usize = 10_000;

/// The descriptors that are left for everything that is not a client: database, mail, providers, the log.
const RESERVED_FILES: usize = 64;

/// The most bytes of request line and headers together; more is answered with 431. It is also the size of hyper's read
/// buffer.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// The time between the last accept and the order to close, so that a request on its way to a fresh socket is read.
const SETTLE: Duration = Duration::from_millis(50);

/// The time for which a connection that was ordered to end waits for its client, so that a request on its way is
/// answered.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// The times for which the server waits for a client, and for its own stop.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The time from the accept to the end of the first request's head, and from the first byte of a later head to its end.
    pub head: Duration,
    /// The time from the end of a reply to the first byte of the next request.
    pub idle: Duration,
    /// The time from the handler's first read of a request's body to its last byte.
    pub body: Duration,
    /// The time without progress while a reply is written.
    pub write_stall: Duration,
    /// The time for a client to read the reply when its request was refused before it was sent completely.
    pub linger: Duration,
    /// The time from the order to stop to the moment at which requests in flight are dropped.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(10),
            write_stall: Duration::from_secs(10),
            linger: Duration::from_secs(2),
            stop: Duration::from_secs(30),
        }
    }
}

/// The app, which may be replaced while it runs, and the rules for its clients.
pub struct Served {
    /// The present app, which a connection reads anew for each request.
    pub app: watch::Receiver<Router>,
    /// The times for which the server waits for clients.
    pub deadlines: Deadlines,
    /// The test for trusted proxies, each of which carries many clients.
    pub is_proxy: IsProxy,
}

/// Serves until `shutdown` resolves, then lets requests in flight finish and returns.
///
/// Each request carries a [`ConnectInfo<SocketAddr>`] with the peer's address. Returns after [`Deadlines::stop`] at the
/// latest; connections that still run then end with the runtime.
pub async fn serve(listener: TcpListener, what: Served, shutdown: impl Future<Output = ()>) {
    let Served { app, deadlines, is_proxy } = what;
    let (stop, _) = watch::channel(());
    let places = Places::new(connection_limit(), is_proxy);
    let server = Server { app, deadlines, stop: stop.clone(), http: protocol(deadlines) };

    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (slot, stream, peer) = accept(&listener, &places) => server.spawn(places.take(slot, peer), stream, peer),
        }
    }
    server.accept_the_rest(listener, &places);
    drop(server);
    sleep(SETTLE).await;
    stop.send_replace(());
    if timeout(deadlines.stop.saturating_sub(SETTLE), stop.closed()).await.is_err() {
        let connections = stop.receiver_count();
        tracing::warn!(connections, "stopped before every request had been answered");
    }
}

/// Returns the number of connections that may be open at once. It raises the system's file limit as far as allowed, and
/// takes the number that this leaves.
fn connection_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // `None` means that there is no limit.
    let files = files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    files.saturating_sub(RESERVED_FILES).clamp(16, MOST_CONNECTIONS)
}

/// Accepts the next connection within the cap; retries after errors such as a shortage of descriptors.
async fn accept(listener: &TcpListener, places: &Places) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(10);
    loop {
        // The slot comes first: without one the connection stays in the kernel's queue and costs no memory here.
        let slot = places.slot().await;
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

/// Tells whether `accept` failed for one client that has already gone, so that the next call may succeed.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Returns hyper's settings, which all connections share.
fn protocol(deadlines: Deadlines) -> http1::Builder {
    let mut http = http1::Builder::new();
    // Any value will do: the timer knows which of the two waits it is, and since when.
    http.header_read_timeout(deadlines.idle.max(deadlines.head))
        .max_buf_size(MOST_HEAD_BYTES)
        .half_close(false);
    http
}

/// The state that all connections share.
struct Server {
    app: watch::Receiver<Router>,
    deadlines: Deadlines,
    stop: watch::Sender<()>,
    http: http1::Builder,
}

impl Server {
    /// Accepts the connections that wait in the kernel's queue, since closing the listener would reset them.
    ///
    /// Asks the system directly, since tokio knows only the result of its last poll of the socket.
    fn accept_the_rest(&self, listener: TcpListener, places: &Places) {
        let Ok(listener) = listener.into_std() else { return };
        while let Some(slot) = places.free_slot() {
            let Ok((stream, peer)) = listener.accept() else { return };
            if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                self.spawn(places.take(slot, peer), stream, peer);
            }
        }
    }

    /// Answers one connection's requests in a task of its own, which holds its `place` until the end.
    fn spawn(&self, place: Place, stream: TcpStream, peer: SocketAddr) {
        let Deadlines { write_stall, linger, body, .. } = self.deadlines;
        // Without this option a reply in two segments waits for the client's delayed acknowledgement. The call fails
        // only when the client has gone already.
        let _ = stream.set_nodelay(true);
        let abandoned = BodyAbandoned::default();
        let standing = Arc::clone(&place.standing);
        let timer = HeadTimer::new(self.deadlines, Arc::clone(&standing));
        let patience = socket::Patience { write_stall, linger };
        let socket = Socket::new(stream, patience, Arc::clone(&standing), Arc::clone(&abandoned));
        let present = (self.app.borrow().clone(), self.app.clone());
        let service = Connection {
            app: RefCell::new(present),
            peer,
            body_deadline: body,
            abandoned,
            standing: Arc::clone(&standing),
        };
        let connection = self.http.clone().timer(timer).serve_connection(TokioIo::new(socket), service);
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // The connection is polled first, so that a request which has already arrived is read before the stop is.
            let ended = tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                _ = stop.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
                () = standing.told_to_end() => {
                    connection.as_mut().graceful_shutdown();
                    end(connection, &standing).await
                }
            };
            if let Err(error) = ended {
                tracing::trace!(%error, "connection ended early");
            }
            // `serve` waits until every receiver of the stop signal is gone; the place is free for a later connection.
            drop((stop, place));
        });
    }
}

/// Runs a connection that was ordered to end; cuts it if it still waits for its client after [`LAST_WAIT`].
async fn end<C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<&mut C>,
    standing: &Standing,
) -> hyper::Result<()> {
    loop {
        if let Ok(ended) = timeout(LAST_WAIT, connection.as_mut()).await {
            return ended;
        }
        if standing.is_waiting() {
            return Ok(());
        }
    }
}

/// The service that passes one connection's requests to the router.
struct Connection {
    /// The app that this connection knows, and the channel that brings a newer one.
    app: RefCell<(Router, watch::Receiver<Router>)>,
    peer: SocketAddr,
    body_deadline: Duration,
    abandoned: BodyAbandoned,
    standing: Arc<Standing>,
}

impl Connection {
    /// Returns the present app. A router is one shared pointer: a clone copies it and increments its counter.
    fn app(&self) -> Router {
        let mut app = self.app.borrow_mut();
        let (known, newer) = &mut *app;
        if newer.has_changed().unwrap_or(false) {
            *known = newer.borrow_and_update().clone();
        }
        known.clone()
    }
}

impl hyper::service::Service<Request<Incoming>> for Connection {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        self.standing.has_request();
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(ConnectInfo(self.peer));
        let (body, fate) = if body.is_end_stream() {
            (Body::empty(), None)
        } else {
            let body = TimedBody::new(
                body,
                self.body_deadline,
                Arc::clone(&self.standing),
                Arc::clone(&self.abandoned),
            );
            let timed_out = body.timed_out();
            (Body::new(body), Some((timed_out, Arc::clone(&self.abandoned))))
        };
        let mut app = self.app();
        Reply { reply: app.call(Request::from_parts(parts, body)), fate }
    }
}

pin_project_lite::pin_project! {
    /// The router's reply, or 408 when the request's body missed its deadline.
    struct Reply {
        #[pin]
        reply: RouteFuture<Infallible>,
        // The outcome of the request's body, when it had one.
        fate: Option<(BodyTimedOut, BodyAbandoned)>,
    }
}

impl Future for Reply {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut reply) = ready!(this.reply.poll(context));
        let Some((timed_out, abandoned)) = &this.fate else { return Poll::Ready(Ok(reply)) };
        let late = timed_out.load(Ordering::Relaxed);
        if late && !reply.status().is_success() {
            let (parts, body) = too_late().into_parts();
            *reply.status_mut() = parts.status;
            // The headers that the layers have set are kept: request id, security.
            reply.headers_mut().remove(header::CONTENT_LENGTH);
            reply.headers_mut().extend(parts.headers);
            *reply.body_mut() = body;
        }
        // A body that was not read ends the connection. Without this header a proxy would send its next request on it.
        if late || abandoned.load(Ordering::Relaxed) {
            reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(reply))
    }
}

/// Builds the 408 for a body that did not arrive in time.
fn too_late() -> Response<Body> {
    problem(
        StatusCode::REQUEST_TIMEOUT,
        "Request timeout",
        "request_timeout",
        "The request's body did not arrive in time.",
    )
}
