//! Each request's id, time, outcome and, if its handler panics, its reply.
//!
//! The id is ours alone: 128 random bits, never taken from the client, in the reply's `X-Request-Id` and in every line
//! that is logged while the request is handled. The query string is never recorded: it may hold codes and states.
//!
//! What must stay true: a request that is not logged costs two clock readings, sixteen random bytes out of a buffer,
//! one header and two metric handles that were made earlier; no formatting, no lock shared between threads.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    convert::Infallible,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::Response,
};
use tower::{Layer, Service};

use super::prometheus::{self, Route};
use crate::problem::problem;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies one request in logs and to the client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// 128 random bits. They are fetched from the system 64 ids at a time, which makes them as good as free.
    fn new() -> Self {
        const IDS: usize = 64;
        thread_local! {
            static SUPPLY: RefCell<(Vec<[u8; 16]>, [u8; 16 * IDS])> =
                const { RefCell::new((Vec::new(), [0; 16 * IDS])) };
        }
        SUPPLY.with_borrow_mut(|(ids, bytes)| {
            if ids.is_empty() {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "an id is no secret, and no test depends on it"
                )]
                // A system without randomness is one that no server can trust.
                getrandom::fill(bytes).unwrap_or_else(|error| panic!("no randomness: {error}"));
                ids.extend(bytes.as_chunks::<16>().0);
            }
            Self(ids.pop().unwrap_or_default())
        })
    }

    fn header_value(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.hex()).unwrap_or_else(|_| unreachable!("hex digits are header text"))
    }

    fn hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        text
    }

    #[cfg(test)]
    pub(super) fn for_test(byte: u8) -> Self {
        Self([byte; 16])
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hex().iter().try_for_each(|digit| fmt::Write::write_char(formatter, char::from(*digit)))
    }
}

thread_local! {
    /// The request whose handler this thread is running at this moment.
    static CURRENT: Cell<Option<RequestId>> = const { Cell::new(None) };
}

/// The request being handled on this thread, if any.
pub fn current() -> Option<RequestId> {
    CURRENT.get()
}

/// Makes a request the current one until it is dropped, in a panic too.
struct Scope {
    previous: Option<RequestId>,
}

impl Scope {
    fn enter(id: RequestId) -> Self {
        Self { previous: CURRENT.replace(Some(id)) }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.previous);
    }
}

/// Whether a request that did not fail is logged by itself at INFO; the others are at DEBUG.
pub type IsWorthALine = fn(&Method, StatusCode) -> bool;

/// Identifies, times, counts and logs requests, and answers for handlers that panic.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    /// Where the API lives, such as `/api/`: requests for what there is not are counted apart from those of pages.
    pub api: &'static str,
    /// Which requests have a line at INFO.
    pub is_worth_a_line: IsWorthALine,
}

impl<S> Layer<S> for Requests {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed { inner, requests: *self }
    }
}

/// A service whose requests are observed.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    requests: Requests,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Observation<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let started = Instant::now();
        let id = RequestId::new();
        let route = match request.extensions().get::<MatchedPath>() {
            Some(path) => Route::Matched(path.clone()),
            None if request.uri().path().starts_with(self.requests.api) => Route::Unknown,
            None => Route::App,
        };
        let seen = Seen {
            id,
            started,
            route,
            method: request.method().clone(),
            uri: request.uri().clone(),
            is_worth_a_line: self.requests.is_worth_a_line,
        };
        let scope = Scope::enter(id);
        let handler = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        drop(scope);
        match handler {
            Ok(handler) => Observation { handler: Some(handler), seen },
            Err(payload) => {
                drop_quietly(payload);
                Observation { handler: None, seen }
            }
        }
    }
}

/// What is remembered of a request until its reply.
struct Seen {
    id: RequestId,
    started: Instant,
    route: Route,
    method: Method,
    uri: Uri,
    is_worth_a_line: IsWorthALine,
}

impl Seen {
    fn finish(&self, mut reply: Response) -> Response {
        let elapsed = self.started.elapsed();
        let status = reply.status();
        prometheus::record(&self.route, &self.method, status, elapsed);
        reply.headers_mut().insert(HEADER, self.id.header_value());

        let (method, path) = (&self.method, self.uri.path());
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let status_code = status.as_u16();
        // A level is part of an event's static description, hence three events.
        if status.is_server_error() {
            tracing::error!(%method, path, status = status_code, microseconds, "request failed");
        } else if (self.is_worth_a_line)(method, status) {
            tracing::info!(%method, path, status = status_code, microseconds, "request");
        } else {
            tracing::debug!(%method, path, status = status_code, microseconds, "request");
        }
        reply
    }
}

pin_project_lite::pin_project! {
    /// A request being handled.
    pub struct Observation<F> {
        // `None` when the handler panicked before it had returned a future.
        #[pin]
        handler: Option<F>,
        seen: Seen,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Observation<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _scope = Scope::enter(this.seen.id);
        let Some(handler) = this.handler.as_mut().as_pin_mut() else {
            return Poll::Ready(Ok(this.seen.finish(internal_error())));
        };
        // Nothing of the handler is used again after a panic, so that broken invariants cannot be seen.
        let reply = match catch_unwind(AssertUnwindSafe(|| handler.poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(reply))) => reply,
            Err(payload) => {
                drop_quietly(payload);
                internal_error()
            }
        };
        Poll::Ready(Ok(this.seen.finish(reply)))
    }
}

/// Drops what a panic carried; the hook has logged it. A value whose own drop panics must not take us along.
fn drop_quietly(payload: Box<dyn Any + Send>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
}

fn internal_error() -> Response {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error",
        "internal",
        "Something went wrong on our side. The request id leads to it in the log.",
    )
}

#[cfg(test)]
mod tests {
    use std::future::Ready;

    use axum::{Router, body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn ids_are_random_and_written_as_32_hex_digits() {
        let ids: std::collections::HashSet<String> =
            (0..1000).map(|_| RequestId::new().to_string()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())));
        assert_eq!(RequestId([0x0f; 16]).header_value(), "0f".repeat(16).as_str());
    }

    #[test]
    fn a_scope_ends_with_its_block() {
        assert_eq!(current().map(|id| id.to_string()), None);
        {
            let _scope = Scope::enter(RequestId::for_test(1));
            assert_eq!(current().map(|id| id.to_string()), Some("01".repeat(16)));
        }
        assert!(current().is_none());
    }

    #[tokio::test]
    async fn l23_a_panic_is_a_500_and_the_next_request_is_fine() {
        let app = Router::new()
            .route("/early", get(|| -> Ready<()> { panic!("before the future") }))
            .route("/late", get(async || -> () { panic!("within the future") }))
            .route("/fine", get(async || current().map(|id| id.to_string()).unwrap_or_default()))
            .layer(Requests { api: "/api/", is_worth_a_line: |_, _| false });
        let ask = async |path: &str| {
            let reply = app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            let id = reply.headers()[HEADER].to_str().unwrap().to_owned();
            let status = reply.status();
            let body = axum::body::to_bytes(reply.into_body(), usize::MAX).await.unwrap();
            (status, id, String::from_utf8(body.to_vec()).unwrap())
        };
        for path in ["/early", "/late"] {
            let (status, id, body) = ask(path).await;
            assert_eq!((status, id.len()), (StatusCode::INTERNAL_SERVER_ERROR, 32), "{path}");
            assert!(body.contains("\"code\":\"internal\"") && !body.contains("future"), "{body}");
            let (status, id, body) = ask("/fine").await;
            // The handler saw the id that the client is told.
            assert_eq!((status, body), (StatusCode::OK, id));
        }
        assert!(current().is_none());
    }
}
