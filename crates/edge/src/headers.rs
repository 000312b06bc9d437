//! Security headers on every reply: pages, API, errors and redirects alike.
//!
//! Invariants: the policy has no `unsafe-inline`. A handler that sets one of these headers itself keeps its own, for
//! instance a stricter policy. The cost is small: a reply gets a copy of one finished map, to which its own few headers
//! are added. This takes 0.2 µs, half of the cost of inserting these into the reply's map one by one.
//!
//! The policy is `Referrer-Policy: same-origin`, not `no-referrer`. Under the latter a browser sends `Origin: null` with
//! a form or any other request that is not CORS (Fetch, "append a request `Origin` header"). The CSRF check must refuse
//! such a request. `no-referrer` also removes the `Referer` that the check falls back to. Other sites learn nothing
//! under either.

use std::mem;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The headers of each reply, under http and https alike.
const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

/// A lifetime of two years, the least that browsers' preload lists accept. It is sent over https only, because browsers
/// ignore it over http.
const STRICT_TRANSPORT_SECURITY: HeaderValue =
    HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// The security headers of every reply.
#[derive(Clone, Copy, Debug)]
pub struct SecurityHeaders {
    /// The finished map, which lives as long as the process. A shared pointer would cost each request two updates of its
    /// counter, on every core.
    template: &'static HeaderMap,
}

impl SecurityHeaders {
    /// Builds the headers; `https` says whether `public_url` is https, and so whether browsers must insist on it.
    pub fn new(https: bool) -> Self {
        // The capacity includes a reply's own headers: a map that grows hashes all its names again.
        let mut template = HeaderMap::with_capacity(2 * ALWAYS.len());
        template.extend(ALWAYS.iter().cloned());
        if https {
            template.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
        }
        Self { template: Box::leak(Box::new(template)) }
    }

    /// Adds the security headers to a reply; the reply's own headers take precedence.
    pub(crate) fn apply(self, headers: &mut HeaderMap) {
        let own = mem::replace(headers, self.template.clone());
        headers.extend(own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x02_strict_transport_security_belongs_to_https() {
        for https in [false, true] {
            let mut headers = HeaderMap::new();
            SecurityHeaders::new(https).apply(&mut headers);
            assert_eq!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY), https);
            assert!(ALWAYS.iter().all(|(name, value)| headers.get(name) == Some(value)));
        }
    }

    #[test]
    fn a_replys_own_headers_stay() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
        headers.append(header::SET_COOKIE, HeaderValue::from_static("a=1"));
        headers.append(header::SET_COOKIE, HeaderValue::from_static("b=2"));
        SecurityHeaders::new(false).apply(&mut headers);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'");
        assert_eq!(headers.get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1);
        assert_eq!(headers.get_all(header::SET_COOKIE).iter().count(), 2);
        assert_eq!(headers.len(), 6 + 2);
    }
}
