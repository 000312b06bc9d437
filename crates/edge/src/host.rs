//! The one host of a request.
//!
//! A request with no `Host`, with two, with one that is no host name, or with another one in its target is refused
//! (RFC 9112, section 3.2), so that a proxy in front and the server behind can never read two different hosts out of one
//! request.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, header},
    response::Response,
};
use futures_util::future::Either;
use tower::{Layer, Service};

use crate::problem::problem;

/// Gives a reply for a request that must not come further, and `None` for any other.
pub type Gate = dyn Fn(&Request) -> Option<Response> + Send + Sync;

/// Refuses requests whose `Host` is missing, repeated, malformed or contradicted by the target, with 400.
#[derive(Clone, Copy, Default)]
pub struct RequireHost {
    /// A further condition of the app's; for as long as the process lives.
    gate: Option<&'static Gate>,
}

impl RequireHost {
    /// Asks `gate` about each request that has one good host.
    pub fn and(gate: &'static Gate) -> Self {
        Self { gate: Some(gate) }
    }

    /// What the request hears instead of an answer.
    fn refusal(self, request: &Request) -> Option<Response> {
        let is_one = has_one_good_host(request.version(), request.headers());
        if !is_one || !is_of_that_host(request.uri(), request.headers()) {
            return Some(problem(
                StatusCode::BAD_REQUEST,
                "Bad request",
                "invalid_host",
                "A request needs exactly one valid Host header.",
            ));
        }
        self.gate.and_then(|gate| gate(request))
    }
}

impl<S> Layer<S> for RequireHost {
    type Service = HostRequired<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HostRequired { inner, required: *self }
    }
}

/// A service that sees only requests with one good `Host`.
#[derive(Clone)]
pub struct HostRequired<S> {
    inner: S,
    required: RequireHost,
}

impl<S> Service<Request> for HostRequired<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.required.refusal(&request) {
            None => Either::Left(self.inner.call(request)),
            Some(refusal) => Either::Right(ready(Ok(refusal))),
        }
    }
}

/// HTTP/1.0 knows no `Host`; everything newer must send one, and only one.
fn has_one_good_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// Whether a target in absolute form, which proxies are sent, names the very host that `Host` does (T01).
fn is_of_that_host(target: &Uri, headers: &HeaderMap) -> bool {
    let Some(authority) = target.authority() else { return true };
    headers
        .get(header::HOST)
        .is_some_and(|host| authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()))
}

/// Whether `value` consists of what a host and a port may consist of (RFC 3986, section 3.2.2), without user names.
fn is_host(value: &HeaderValue) -> bool {
    // A pattern becomes a table of bits; `contains` would search the signs for each byte of each request's host.
    let is_allowed = |byte: &u8| {
        matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\''
            | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']' | b'%')
    };
    !value.is_empty() && value.as_bytes().iter().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn a_host_is_one_name_without_decoration() {
        for good in ["localhost", "app.example.com:8443", "[::1]:3000"] {
            assert!(has_one_good_host(Version::HTTP_11, &host(good)), "{good}");
        }
        for bad in ["", "a b", "user@host", "host/path", "a\\b", "a#b", "a?b"] {
            assert!(!has_one_good_host(Version::HTTP_11, &host(bad)), "{bad}");
        }
        let mut two = host("a.test");
        two.append(header::HOST, HeaderValue::from_static("a.test"));
        assert!(!has_one_good_host(Version::HTTP_11, &two));
        assert!(!has_one_good_host(Version::HTTP_11, &HeaderMap::new()));
        assert!(has_one_good_host(Version::HTTP_10, &HeaderMap::new()));
    }
}
