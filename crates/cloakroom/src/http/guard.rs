//! The layer: puts a [`Visit`] into each request, and turns away unsafe requests that our own page did not send.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use tower::{Layer, Service};

use crate::cloakroom::Cloakroom;
use crate::error::Error;
use crate::http::visit::Visit;
use crate::http::{cookies, csrf};

/// Made by [`Cloakroom::layer`].
#[derive(Clone)]
pub struct GuardLayer(Cloakroom);

impl GuardLayer {
    pub(crate) fn new(cloakroom: Cloakroom) -> Self {
        Self(cloakroom)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { cloakroom: self.0.clone(), inner }
    }
}

/// What [`GuardLayer`] makes of a service.
#[derive(Clone)]
pub struct Guard<S> {
    cloakroom: Cloakroom,
    inner: S,
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let is_api = request.uri().path().starts_with("/api/");
        let visit = admit(&self.cloakroom, &request);
        let answer = visit.as_ref().ok().map(|visit| {
            request.extensions_mut().insert(visit.clone());
            self.inner.call(request)
        });
        Guarded { answer, visit: Some(visit), is_api }
    }
}

pin_project_lite::pin_project! {
    /// The answer of a service behind the guard, or the guard's own.
    pub struct Guarded<F> {
        // `None` when the request was not admitted.
        #[pin]
        answer: Option<F>,
        // Taken when the answer is there.
        visit: Option<Result<Visit, Error>>,
        is_api: bool,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Guarded<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = match this.answer.as_pin_mut() {
            Some(answer) => Some(ready!(answer.poll(context))?),
            None => None,
        };
        let response = match (this.visit.take(), answer) {
            (Some(Ok(visit)), Some(answer)) => renew(&visit, answer),
            (Some(Err(error)), _) => error.into_response(),
            _ => unreachable!("a future is not polled after its end"),
        };
        Poll::Ready(Ok(finish(response, *this.is_api)))
    }
}

/// The cookie again when the idle end has moved, unless the answer has one of its own.
fn renew(visit: &Visit, mut response: Response) -> Response {
    if let Some(cookies) = visit.renewal()
        && !cookies::sets_session(response.headers())
    {
        cookies.append_to(response.headers_mut());
    }
    response
}

fn admit(cloakroom: &Cloakroom, request: &Request) -> Result<Visit, Error> {
    let headers = request.headers();
    // A request with a token is judged by that token alone; none has been issued yet, so none is known.
    let is_token = |value: &HeaderValue| {
        let scheme = value.as_bytes().split(u8::is_ascii_whitespace).next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"token"))
    };
    if headers.get_all(header::AUTHORIZATION).iter().any(is_token) {
        return Err(Error::NotAuthenticated);
    }
    let cookies = cookies::read(headers, cloakroom.config().public_url.is_https());
    if csrf::is_unsafe(request.method()) {
        csrf::check(cloakroom, headers, &cookies).map_err(|reason| {
            tracing::info!(reason, "csrf check failed");
            Error::CsrfFailed { reason, is_told: cloakroom.config().development }
        })?;
    }
    Ok(Visit::new(cloakroom.clone(), request, cookies))
}

fn finish(mut response: Response, is_api: bool) -> Response {
    if is_api {
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}
