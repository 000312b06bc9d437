//! Health checks for a supervisor or a load balancer: is the process alive, and is it ready for traffic?
//!
//! `/healthz` must never depend on storage: a restart does not repair a database. `/readyz` does depend on it. It
//! answers 503 from the moment a stop begins, so that a balancer moves on while the last requests are answered.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::time::timeout;

use crate::problem::{method_not_allowed, problem};

/// The time after which a probe that hangs counts as failed.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);

/// A flag that is set when the server begins to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stopping(Arc<AtomicBool>);

impl Stopping {
    /// Makes `/readyz` answer 503 from now on.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves `GET /healthz` and `GET /readyz`; `ready` says whether storage answers.
pub fn router<F, R>(stopping: Stopping, ready: F) -> Router
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = bool> + Send + 'static,
{
    let readyz = move || {
        let (stopping, ready) = (stopping.clone(), ready.clone());
        async move { readiness(&stopping, ready()).await }
    };
    Router::new()
        .route("/healthz", get(async || ok()))
        .route("/readyz", get(readyz))
        .method_not_allowed_fallback(async || method_not_allowed("GET, HEAD"))
}

async fn readiness(stopping: &Stopping, ready: impl Future<Output = bool>) -> Response {
    if stopping.has_begun() {
        return unavailable("The server is stopping.");
    }
    match timeout(PROBE_DEADLINE, ready).await {
        Ok(true) => ok(),
        Ok(false) | Err(_) => unavailable("Storage does not answer."),
    }
}

fn ok() -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(json!({"status": "ok"}))).into_response()
}

fn unavailable(detail: &str) -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", "unavailable", detail)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::{body::Body, extract::Request};
    use tower::ServiceExt;

    use super::*;

    async fn readyz<F, R>(stopping: Stopping, ready: F) -> StatusCode
    where
        F: Fn() -> R + Clone + Send + Sync + 'static,
        R: Future<Output = bool> + Send + 'static,
    {
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        router(stopping, ready).oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn l19_readiness_ends_when_a_stop_begins() {
        let stopping = Stopping::default();
        assert_eq!(readyz(stopping.clone(), async || true).await, StatusCode::OK);
        stopping.begin();
        assert_eq!(readyz(stopping, async || true).await, StatusCode::SERVICE_UNAVAILABLE);
    }

    /// The check of a probe that hangs takes its whole deadline of two seconds.
    #[tokio::test]
    async fn storage_that_fails_or_hangs_is_not_ready() {
        let stopping = Stopping::default();
        let status = readyz(stopping.clone(), async || false).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(readyz(stopping, pending).await, StatusCode::SERVICE_UNAVAILABLE);
    }
}
