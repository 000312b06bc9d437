//! The hosts that `cloakroom dev` answers to.
//!
//! It has known passwords and no TLS, so it answers only to its own loopback names. Thus a web site cannot reach it
//! through a DNS name of its own that resolves to 127.0.0.1. One of these names is canonical, `http://localhost:PORT` or
//! `http://NAME.localhost:PORT`. Cookies, the CSRF origin and links in mails derive from it.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cloakroom_edge::problem::problem;

/// The hosts of one development server.
#[derive(Debug)]
pub(super) struct Hosts {
    port: u16,
    /// The port of `public_url`, if a development proxy in front keeps the `Host` of the browser.
    public_port: Option<u16>,
    /// The host that everything derives from, without its port.
    canonical: String,
}

impl Hosts {
    /// Returns the hosts of a server at `port` whose configured URL is `public_url`.
    pub(super) fn new(port: u16, public_url: &str) -> Self {
        let host = public_url.strip_prefix("http://").and_then(|rest| rest.strip_suffix(&format!(":{port}")));
        let canonical = host.filter(|host| host.ends_with(".localhost")).unwrap_or("localhost").to_owned();
        let public_port = public_url.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        Self { port, public_port, canonical }
    }

    /// Refuses a request for another host with 421; redirects a page that is opened by address to the canonical host.
    pub(super) fn refusal(&self, request: &Request) -> Option<Response> {
        let name = |port| loopback_name(request.headers(), port);
        match name(self.port).or_else(|| self.public_port.and_then(name)) {
            Some(Loopback::Named(name)) if name != self.canonical => Some(self.misdirected()),
            None => Some(self.misdirected()),
            Some(Loopback::Localhost) if self.canonical == "localhost" => None,
            // The fake providers are another site, as real ones are.
            Some(Loopback::Localhost) if request.uri().path().starts_with("/dev/idp/") => None,
            Some(Loopback::Named(_)) => None,
            Some(_) if is_navigation(request) => Some(self.to_canonical(request)),
            Some(_) => None,
        }
    }

    fn misdirected(&self) -> Response {
        let Self { port, canonical, .. } = self;
        problem(
            StatusCode::MISDIRECTED_REQUEST,
            "Misdirected request",
            "misdirected_request",
            &format!("This development server answers at http://{canonical}:{port} only."),
        )
    }

    /// Redirects with 307: the browser sends the request again, with its path and query, to the canonical origin.
    fn to_canonical(&self, request: &Request) -> Response {
        let Self { port, canonical, .. } = self;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let location = format!("http://{canonical}:{port}{path}");
        let no_store = (header::CACHE_CONTROL, "no-store".to_owned());
        (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location), no_store]).into_response()
    }
}

/// The kinds of name of a development server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Loopback {
    /// `localhost`.
    Localhost,
    /// `NAME.localhost`, in lower case, which is this machine too (RFC 6761, section 6.3), with cookies of its own.
    Named(String),
    /// `127.0.0.1` or `[::1]`, which reaches this server too, but is another origin to a browser.
    Address,
}

/// Returns the loopback name to which the request was sent, if it was one, with this port.
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

/// Returns the first label of `NAME.localhost`, if the request was sent to such a name.
pub(super) fn name_before_localhost(headers: &HeaderMap, port: u16) -> Option<String> {
    match loopback_name(headers, port)? {
        Loopback::Named(name) => name.strip_suffix(".localhost").map(str::to_owned),
        _ => None,
    }
}

/// Tells whether this is one label of a host name.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Tells whether a browser opens a page. A script or a program, by contrast, means exactly this address.
fn is_navigation(request: &Request) -> bool {
    request.method() == Method::GET
        && request.headers().get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

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
}
