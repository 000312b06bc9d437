//! The layer around every route.
//!
//! It refuses a request without [one host](crate::host), and answers for a handler that panics. It has each request
//! [counted and logged](crate::telemetry). It puts the [security headers](crate::headers) on every reply, its own
//! refusals included.
//!
//! All of that is one service with one future. A router puts each layer into a box of its own, at a cost to every
//! request. Each future around another one is moved and polled once more.

use std::{
    any::Any,
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{extract::Request, http::StatusCode, response::Response};
use tower::{Layer, Service};

use crate::{
    headers::SecurityHeaders,
    host::names_one_host,
    problem::problem,
    telemetry::request::{IsWorthALine, Scope, Seen},
};

/// A function that returns a reply for a request that must not pass, and `None` for any other.
pub type Gate = dyn Fn(&Request) -> Option<Response> + Send + Sync;

/// The layer, with its settings for the program behind it.
#[derive(Clone, Copy)]
pub struct Front {
    /// The headers of every reply.
    pub headers: SecurityHeaders,
    /// The path of the API, such as `/api/`: its requests for unknown paths are counted apart from those of pages.
    pub api: &'static str,
    /// The test for requests that have a log line at INFO.
    pub is_worth_a_line: IsWorthALine,
    /// A further condition that the program sets, which lives as long as the process.
    pub gate: Option<&'static Gate>,
}

impl Front {
    /// Returns the refusal of a request, if it must not pass.
    fn refusal(&self, request: &Request) -> Option<Response> {
        if !names_one_host(request) {
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

impl<S> Layer<S> for Front {
    type Service = BehindFront<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BehindFront { inner, front: *self }
    }
}

/// A service behind a [`Front`].
#[derive(Clone)]
pub struct BehindFront<S> {
    inner: S,
    front: Front,
}

impl<S> Service<Request> for BehindFront<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Handling<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let seen = Seen::begin(&request, self.front.api);
        let _scope = Scope::enter(seen.id());
        let stage = match self.front.refusal(&request) {
            Some(reply) => Stage::Answered { reply: Some(reply) },
            None => match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
                Ok(handler) => Stage::Asked { handler },
                Err(payload) => Stage::Answered { reply: Some(after_panic(payload)) },
            },
        };
        Handling { stage, seen, front: self.front }
    }
}

pin_project_lite::pin_project! {
    /// A request that is handled.
    pub struct Handling<F> {
        #[pin]
        stage: Stage<F>,
        seen: Seen,
        front: Front,
    }
}

pin_project_lite::pin_project! {
    #[project = StageProjection]
    enum Stage<F> {
        // The handler runs.
        Asked { #[pin] handler: F },
        // There is a reply without the handler.
        Answered { reply: Option<Response> },
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Handling<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _scope = Scope::enter(this.seen.id());
        let mut reply = match this.stage.project() {
            StageProjection::Answered { reply } => reply.take().unwrap_or_default(),
            // The handler is not used again after a panic, so that its broken invariants cannot be seen.
            StageProjection::Asked { handler } => {
                match catch_unwind(AssertUnwindSafe(|| handler.poll(context))) {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(Ok(reply))) => reply,
                    Err(payload) => after_panic(payload),
                }
            }
        };
        this.seen.finish(&mut reply, this.front.is_worth_a_line);
        this.front.headers.apply(reply.headers_mut());
        Poll::Ready(Ok(reply))
    }
}

/// Returns the reply after a panic, which the hook has logged.
fn after_panic(payload: Box<dyn Any + Send>) -> Response {
    // A value whose own drop panics must not end the task.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
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

    use axum::{Router, body::Body, http::header, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry::request::{HEADER, current};

    fn front() -> Front {
        Front {
            headers: SecurityHeaders::new(false),
            api: "/api/",
            is_worth_a_line: |_, _| false,
            gate: None,
        }
    }

    #[tokio::test]
    async fn l23_a_panic_is_a_500_and_the_next_request_is_fine() {
        let app = Router::new()
            .route("/early", get(|| -> Ready<()> { panic!("before the future") }))
            .route("/late", get(async || -> () { panic!("within the future") }))
            .route("/fine", get(async || current().map(|id| id.to_string()).unwrap_or_default()))
            .layer(front());
        let ask = async |path: &str| {
            let reply = app
                .clone()
                .oneshot(Request::get(path).header(header::HOST, "app.test").body(Body::empty()).unwrap())
                .await
                .unwrap();
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
            // The handler saw the id that the client receives.
            assert_eq!((status, body), (StatusCode::OK, id));
        }
        assert!(current().is_none());
    }
}
