//! The layer: puts a [`Visit`] into each request, and turns away unsafe requests that our own page did not send.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

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
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let is_api = request.uri().path().starts_with("/api/");
        match admit(&self.cloakroom, &request) {
            Ok(visit) => {
                request.extensions_mut().insert(visit.clone());
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let mut response = answer.await?;
                    if let Some(cookies) = visit.renewal()
                        && !cookies::sets_session(response.headers())
                    {
                        cookies.append_to(response.headers_mut());
                    }
                    Ok(finish(response, is_api))
                })
            }
            Err(error) => Box::pin(async move { Ok(finish(error.into_response(), is_api)) }),
        }
    }
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
