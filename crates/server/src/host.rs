//! Which names the server answers to.
//!
//! [`RequireHost`] holds for every server: a request with no `Host`, with two, with one that is no host name, or with
//! another one in its target is refused (RFC 9112, section 3.2), so that a proxy in front and the server behind can never read two different hosts
//! out of one request.
//!
//! [`RequireHost::only_localhost`] holds for `cloakroom dev`, which has known passwords and no TLS: only its own loopback names get
//! an answer, so that a web site cannot reach it through a DNS name of its own that resolves to 127.0.0.1. Of these
//! names one is canonical, `http://localhost:PORT` or `http://NAME.localhost:PORT`: cookies, the CSRF origin and links in mails
//! derive from it.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header},
    response::{IntoResponse, Response},
};
use futures_util::future::Either;
use tower::{Layer, Service};

use crate::problem::problem;

/// Refuses requests whose `Host` is missing, repeated, malformed or contradicted by the target, with 400.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequireHost {
    /// A development server, which has loopback names only; for as long as the process lives.
    development: Option<&'static Development>,
}

/// The hosts that a development server answers to.
#[derive(Debug)]
struct Development {
    port: u16,
    /// The port of `public_url`, where a development proxy in front of us keeps the `Host` of the browser.
    public_port: Option<u16>,
    /// The host that everything derives from, without its port.
    canonical: String,
}

impl RequireHost {
    /// For a development server: names other than its own get 421, a page opened by address moves to `localhost`.
    pub(crate) fn only_localhost(port: u16, public_url: &str) -> Self {
        let host = public_url.strip_prefix("http://").and_then(|rest| rest.strip_suffix(&format!(":{port}")));
        let canonical = host.filter(|host| host.ends_with(".localhost")).unwrap_or("localhost").to_owned();
        let public_port = public_url.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        Self { development: Some(Box::leak(Box::new(Development { port, public_port, canonical }))) }
    }

    /// What the request hears instead of an answer, when its host is not one of ours.
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
        let development = self.development?;
        let name = |port| loopback_name(request.headers(), port);
        match name(development.port).or_else(|| development.public_port.and_then(name)) {
            Some(Loopback::Named(name)) if name != development.canonical => Some(misdirected(development)),
            None => Some(misdirected(development)),
            Some(Loopback::Localhost) if development.canonical == "localhost" => None,
            // The stand-ins for providers are another site, as real ones are.
            Some(Loopback::Localhost) if request.uri().path().starts_with("/dev/idp/") => None,
            Some(Loopback::Named(_)) => None,
            Some(_) if is_navigation(request) => Some(to_canonical(request, development)),
            Some(_) => None,
        }
    }
}

impl<S> Layer<S> for RequireHost {
    type Service = HostRequired<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HostRequired { inner, required: *self }
    }
}

/// A service that sees only requests with one good `Host`.
#[derive(Clone, Debug)]
pub(crate) struct HostRequired<S> {
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

/// The kinds of name a development server has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Loopback {
    /// `localhost`.
    Localhost,
    /// `NAME.localhost`, in lower case: the same machine (RFC 6761, section 6.3), with cookies of its own.
    Named(String),
    /// `127.0.0.1` or `[::1]`: the same server, but another origin to a browser.
    Address,
}

/// Which of our names the request was sent to, if it was one of ours with our port.
fn loopback_name(headers: &HeaderMap, port: u16) -> Option<Loopback> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let (name, given) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().ok()?),
        _ => (host, 80),
    };
    if given != port {
        return None;
    }
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "127.0.0.1" | "[::1]" => Some(Loopback::Address),
        "localhost" => Some(Loopback::Localhost),
        _ => name.strip_suffix(".localhost").is_some_and(is_label).then_some(Loopback::Named(name)),
    }
}

/// The first label of `NAME.localhost`, when that is what the request was sent to.
pub(crate) fn name_before_localhost(headers: &HeaderMap, port: u16) -> Option<String> {
    match loopback_name(headers, port)? {
        Loopback::Named(name) => name.strip_suffix(".localhost").map(str::to_owned),
        _ => None,
    }
}

/// Whether this is one label of a host name.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether a browser opens a page, as opposed to a script or a program that means this very address.
fn is_navigation(request: &Request) -> bool {
    request.method() == Method::GET
        && request.headers().get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

fn misdirected(Development { port, canonical, .. }: &Development) -> Response {
    problem(
        StatusCode::MISDIRECTED_REQUEST,
        "Misdirected request",
        "misdirected_request",
        &format!("This development server answers at http://{canonical}:{port} only."),
    )
}

/// 307: the browser asks again, same path and query, at the canonical origin.
fn to_canonical(request: &Request, Development { port, canonical, .. }: &Development) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = format!("http://{canonical}:{port}{path}");
    let no_store = (header::CACHE_CONTROL, "no-store".to_owned());
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location), no_store]).into_response()
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
    fn only_loopback_names_with_our_port_are_ours() {
        for (value, expected) in [
            ("localhost:3000", Some(Loopback::Localhost)),
            ("LOCALHOST:3000", Some(Loopback::Localhost)),
            ("127.0.0.1:3000", Some(Loopback::Address)),
            ("[::1]:3000", Some(Loopback::Address)),
            ("Blue.localhost:3000", Some(Loopback::Named("blue.localhost".to_owned()))),
            ("a.b.localhost:3000", None),
            (".localhost:3000", None),
            ("-x.localhost:3000", None),
            ("blue.localhost:3001", None),
            ("localhost", None),
            ("localhost:3001", None),
            ("[::1]", None),
            ("127.0.0.2:3000", None),
            ("localhost.evil.test:3000", None),
            ("evil.test:3000", None),
            ("localhost:3000:3000", None),
            ("localhost:+3000x", None),
        ] {
            assert_eq!(loopback_name(&host(value), 3000), expected, "{value}");
        }
        assert_eq!(loopback_name(&host("localhost"), 80), Some(Loopback::Localhost));
        assert_eq!(loopback_name(&host("[::1]"), 80), Some(Loopback::Address));
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
