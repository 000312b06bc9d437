//! The layer: puts a [`Visit`] into each request, and refuses unsafe requests that our own page did not send.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, header};
use tower::{Layer, Service};

use crate::error::Error;
use crate::http::cookies::{self, Cookies, SetCookies};
use crate::http::csrf::{self, Refusal};
use crate::http::form::{self, Encoding};
use crate::http::gate::Gate;
use crate::http::problem::CsrfRefused;
use crate::http::rejection::Rejection;
use crate::http::social::callback;
use crate::http::visit::Visit;

/// The layer made by [`Cloakroom::layer`](crate::Cloakroom::layer).
#[derive(Clone)]
pub struct GuardLayer(Gate);

impl GuardLayer {
    pub(crate) fn new(gate: Gate) -> Self {
        Self(gate)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { gate: self.0.clone(), inner }
    }
}

/// The service that [`GuardLayer`] produces.
#[derive(Clone)]
pub struct Guard<S> {
    gate: Gate,
    inner: S,
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, task: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let is_api = request.uri().path().starts_with("/api/");
        if callback::is_posted_answer(self.gate.context(), &request) {
            let state = State::Reading { answer: Box::pin(callback::to_page(request)) };
            return Guarded { state, is_api };
        }
        let state = match admit(&self.gate, &request) {
            Admission::Granted(visit) => {
                request.extensions_mut().insert(visit.clone());
                State::Answered { answer: self.inner.call(request), visit }
            }
            Admission::AsksForm(visit, encoding) => {
                // The readiness of the clone is unknown, so the service that is ready takes the request.
                let clone = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, clone);
                State::Reading { answer: Box::pin(answer_form(visit, encoding, request, ready)) }
            }
            Admission::Denied(response) => State::Denied { response: Some(response) },
        };
        Guarded { state, is_api }
    }
}

pin_project_lite::pin_project! {
    /// The answer of a service behind the guard, or the guard's own.
    pub struct Guarded<F> {
        #[pin]
        state: State<F>,
        is_api: bool,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Answered { #[pin] answer: F, visit: Visit },
        // The body is read ahead. Then the service is called, or a provider's form is redirected to its page.
        Reading { answer: Pin<Box<dyn Future<Output = Response> + Send>> },
        Denied { response: Option<Response> },
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Guarded<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.state.project() {
            StateProjection::Answered { answer, visit } => complete(visit, ready!(answer.poll(task))?),
            StateProjection::Reading { answer } => ready!(answer.as_mut().poll(task)),
            StateProjection::Denied { response } => {
                response.take().expect("a future is not polled after its end")
            }
        };
        Poll::Ready(Ok(finish(response, *this.is_api)))
    }
}

/// The guard's decision about a request, before its handler runs.
enum Admission {
    Granted(Visit),
    /// Admitted if the form has the right token.
    AsksForm(Visit, Encoding),
    Denied(Response),
}

fn admit(gate: &Gate, request: &Request) -> Admission {
    let headers = request.headers();
    // A request with an API token is judged by that token alone. None has been issued yet, so none is known.
    let is_token = |value: &HeaderValue| {
        let scheme = value.as_bytes().split(u8::is_ascii_whitespace).next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"token"))
    };
    if headers.get_all(header::AUTHORIZATION).iter().any(is_token) {
        return Admission::Denied(never_kept(Error::NotAuthenticated.into_response()));
    }
    let is_unsafe = csrf::is_unsafe(request.method());
    let cookies = cookies::read(headers, gate.names());
    let needs_token = is_unsafe && !has_nothing_to_forge(request, &cookies);
    let visit = Visit::new(gate.clone(), request, cookies);
    let origin = match is_unsafe {
        true => csrf::check_origin(gate, headers),
        false if csrf::is_upgrade(headers) => csrf::check_upgrade(gate, headers),
        // A GET request that begins a social login.
        false if is_start(request.uri().path()) => csrf::check_site(headers),
        false => Ok(()),
    };
    match origin.and_then(|()| if needs_token { ask_token(&visit, headers) } else { Ok(None) }) {
        Ok(None) => Admission::Granted(visit),
        Ok(Some(encoding)) => Admission::AsksForm(visit, encoding),
        Err(refusal) => Admission::Denied(refuse(&visit, headers, refusal)),
    }
}

/// Tells whether a path begins a social login.
fn is_start(path: &str) -> bool {
    path.contains("/api/social/") && path.trim_end_matches('/').ends_with("/start")
}

/// Tells whether a request signs out a browser that shows no session cookie. It changes nothing, so it needs no CSRF token.
fn has_nothing_to_forge(request: &Request, cookies: &Cookies) -> bool {
    // The router may be nested below a prefix.
    let is_logout = request.uri().path().trim_end_matches('/').ends_with("/api/logout");
    is_logout && *request.method() == Method::POST && !cookies.has_session
}

/// Checks the token in the header. Returns `Some` when there is none and a form may have it.
fn ask_token(visit: &Visit, headers: &HeaderMap) -> Result<Option<Encoding>, Refusal> {
    csrf::check_cookie(visit.gate(), headers)?;
    if let Some(sent) = csrf::sent_token(headers)? {
        return csrf::check_token(visit, headers, sent).map(|()| None);
    }
    form::encoding(headers).map(Some).ok_or(Refusal::NoToken)
}

/// Reads a form's token, and passes the form on if the token is right.
async fn answer_form<S>(visit: Visit, encoding: Encoding, request: Request, mut service: S) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let (token, mut request) = match form::token(request, encoding).await {
        Ok(read) => read,
        Err(error) => return never_kept(error.into_response()),
    };
    let token = token.ok_or(Refusal::NoToken);
    if let Err(refusal) = token.and_then(|token| csrf::check_token(&visit, request.headers(), &token)) {
        return refuse(&visit, request.headers(), refusal);
    }
    request.extensions_mut().insert(visit.clone());
    let Ok(response) = service.call(request).await;
    complete(&visit, response)
}

/// Returns the reply to a refused request. Our own page finds a fresh token in it, for its retry.
fn refuse(visit: &Visit, headers: &HeaderMap, refusal: Refusal) -> Response {
    let gate = visit.gate();
    gate.refusals().count(refusal);
    let is_told = gate.context().config().development;
    let hint = is_told.then(|| csrf::hint(gate, headers, refusal));
    let response = Rejection::CsrfFailed { hint }.into_response();
    never_kept(if refusal.may_be_ours() { complete(visit, response) } else { response })
}

/// Adds the cookies that a reply needs and does not set itself: the ticket again when its idle end has moved, or a CSRF token.
fn complete(visit: &Visit, mut response: Response) -> Response {
    if visit.has_given_token() {
        // A page that holds a token belongs to one browser.
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
    }
    if cookies::sets_session(response.headers(), visit.gate().names()) {
        return response;
    }
    let is_refused = response.extensions().get::<CsrfRefused>().is_some();
    // A refusal does not renew the ticket.
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let cookies = match visit.renewal().filter(|_| !is_error) {
        Some(renewal) => Some(renewal),
        None if is_refused => Some(SetCookies::csrf(visit, true)),
        None => visit.asked_token().map(|has_it| SetCookies::csrf(visit, !has_it)),
    };
    if let Some(cookies) = cookies {
        cookies.append_to(response.headers_mut());
    }
    response
}

fn finish(response: Response, is_api: bool) -> Response {
    if is_api { never_kept(response) } else { response }
}

/// Keeps a reply out of caches, unless it has cache directives of its own.
pub(super) fn never_kept(mut response: Response) -> Response {
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
