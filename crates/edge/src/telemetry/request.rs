//! Each request's id, time and outcome.
//!
//! The id is 128 random bits, and never taken from the client. It is in the reply's `X-Request-Id` and in every line
//! that is logged while the request is handled. The query string is never recorded: it may hold codes and states.
//!
//! Invariant: a request that is not logged costs two clock readings, sixteen random bytes out of a buffer, and one
//! header. It also costs two metric handles, which were made earlier. It formats nothing, and takes no lock that threads
//! share.

use std::{
    cell::{Cell, RefCell},
    fmt,
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::Response,
};

use super::prometheus::{self, Route};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request, in logs and for the client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// Returns 128 random bits. They are fetched from the system for 64 ids at a time, so that one id costs almost nothing.
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
                // No server can be safe on a system without randomness.
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
    /// The request whose handler runs on this thread at this moment.
    static CURRENT: Cell<Option<RequestId>> = const { Cell::new(None) };
}

/// Returns the id of the request that is handled on this thread, if any.
pub fn current() -> Option<RequestId> {
    CURRENT.get()
}

/// A guard that makes a request the current one until it is dropped, in a panic too.
pub(crate) struct Scope {
    previous: Option<RequestId>,
}

impl Scope {
    pub(crate) fn enter(id: RequestId) -> Self {
        Self { previous: CURRENT.replace(Some(id)) }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.previous);
    }
}

/// A function that tells whether a request that did not fail has a log line of its own at INFO. The others are logged
/// at DEBUG.
pub type IsWorthALine = fn(&Method, StatusCode) -> bool;

/// The facts about a request that are kept until its reply.
pub(crate) struct Seen {
    id: RequestId,
    started: Instant,
    route: Route,
    method: Method,
    uri: Uri,
}

impl Seen {
    /// Starts the record of a request that has just arrived. Requests under `api` for paths that do not exist are counted
    /// apart.
    pub(crate) fn begin(request: &Request, api: &str) -> Self {
        let started = Instant::now();
        let route = match request.extensions().get::<MatchedPath>() {
            Some(path) => Route::Matched(path.clone()),
            None if request.uri().path().starts_with(api) => Route::Unknown,
            None => Route::App,
        };
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { id: RequestId::new(), started, route, method, uri }
    }

    /// Returns the id of the request.
    pub(crate) fn id(&self) -> RequestId {
        self.id
    }

    /// Counts and logs the request, and puts its id into its reply.
    pub(crate) fn finish(&self, reply: &mut Response, is_worth_a_line: IsWorthALine) {
        let elapsed = self.started.elapsed();
        let status = reply.status();
        prometheus::record(&self.route, &self.method, status, elapsed);
        reply.headers_mut().insert(HEADER, self.id.header_value());

        let (method, path) = (&self.method, self.uri.path());
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let status_code = status.as_u16();
        // The level is part of an event's static description, so each level needs an event of its own.
        if status.is_server_error() {
            tracing::error!(%method, path, status = status_code, microseconds, "request failed");
        } else if is_worth_a_line(method, status) {
            tracing::info!(%method, path, status = status_code, microseconds, "request");
        } else {
            tracing::debug!(%method, path, status = status_code, microseconds, "request");
        }
    }
}

#[cfg(test)]
mod tests {
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
}
