//! Security headers on every reply: pages, API, errors and redirects alike.
//!
//! What must stay true: the policy has no `unsafe-inline`, the values are constants (a reply costs a few map inserts and
//! no allocation), and a handler that sets one of these headers itself keeps its own, for instance a stricter policy.
//!
//! `Referrer-Policy: same-origin`, not `no-referrer`: under the latter a browser sends `Origin: null` with a form or any
//! other request that is not CORS (Fetch, "append a request `Origin` header"), which the CSRF check must refuse, and it
//! takes away the `Referer` that the check falls back to. Other sites learn nothing under either.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use tower::{Layer, Service};

/// What each reply carries, whatever the scheme.
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

/// Two years, the least that browsers' preload lists accept; sent over https only, where it has a meaning.
const STRICT_TRANSPORT_SECURITY: HeaderValue =
    HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Adds the security headers to every reply of the service below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecurityHeaders {
    https: bool,
}

impl SecurityHeaders {
    /// `https` says whether `public_url` is https, and so whether browsers are told to insist on it.
    pub(crate) fn new(https: bool) -> Self {
        Self { https }
    }

    /// Writes the headers that the reply does not have yet.
    fn apply(self, headers: &mut HeaderMap) {
        headers.reserve(ALWAYS.len() + 1);
        for (name, value) in &ALWAYS {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if self.https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
        }
    }
}

impl<S> Layer<S> for SecurityHeaders {
    type Service = WithSecurityHeaders<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithSecurityHeaders { inner, headers: *self }
    }
}

/// A service whose replies carry the security headers.
#[derive(Clone, Debug)]
pub(crate) struct WithSecurityHeaders<S> {
    inner: S,
    headers: SecurityHeaders,
}

impl<S: Service<Request, Response = Response>> Service<Request> for WithSecurityHeaders<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = AddHeaders<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        AddHeaders { reply: self.inner.call(request), headers: self.headers }
    }
}

pin_project_lite::pin_project! {
    /// A reply on its way, about to get its headers.
    pub(crate) struct AddHeaders<F> {
        #[pin]
        reply: F,
        headers: SecurityHeaders,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for AddHeaders<F> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut reply = ready!(this.reply.poll(context))?;
        this.headers.apply(reply.headers_mut());
        Poll::Ready(Ok(reply))
    }
}
