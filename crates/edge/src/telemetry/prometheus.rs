//! Metrics for Prometheus, on a listener of their own that is off unless asked for.
//!
//! The app counts through the `metrics` facade and knows no recorder. This module installs one and renders it.
//! Handles for requests are made once for each thread, route, method and status, all of which are few. A request looks
//! them up by the route's text and formats nothing. The path of an unknown request is not a label: otherwise a stranger
//! could fill the memory with paths.

use std::{cell::RefCell, sync::OnceLock, time::Duration};

use axum::{
    Router,
    extract::MatchedPath,
    http::{Method, StatusCode, header},
    routing::get,
};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio::time::{MissedTickBehavior, interval};

use super::log::Log;
use crate::problem::{method_not_allowed, not_found};

/// The names of the metrics, which begin with the program's name.
struct Names {
    requests: String,
    request_seconds: String,
    log_lines_dropped: String,
}

/// The names, set when a recorder is installed; until then nothing is counted.
static NAMES: OnceLock<Names> = OnceLock::new();

/// The bounds of the buckets in seconds, from an answer out of memory to one that waits in a queue.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The longest time for which observations wait in memory before they are sorted into buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder for the whole process. The names of our own metrics begin with `program`.
///
/// Call it before the first request; without it, counting costs nothing.
pub fn install(program: &str) -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    let Names { requests, request_seconds, log_lines_dropped } = NAMES.get_or_init(|| Names {
        requests: format!("{program}_http_requests_total"),
        request_seconds: format!("{program}_http_request_seconds"),
        log_lines_dropped: format!("{program}_log_lines_dropped_total"),
    });
    describe_counter!(requests.as_str(), "Requests answered, by method, route and status.");
    describe_histogram!(request_seconds.as_str(), "Seconds from a request's head to its reply's, by route.");
    describe_counter!(
        log_lines_dropped.as_str(),
        "Log lines lost because standard output was full or closed."
    );
    Ok(handle)
}

/// Serves `GET /metrics`, for the listener at `metrics_listen`.
pub fn router(handle: PrometheusHandle, log: Log) -> Router {
    let render = async move || {
        if let Some(names) = NAMES.get() {
            counter!(names.log_lines_dropped.as_str()).absolute(log.dropped_lines());
        }
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
    };
    Router::new()
        .route("/metrics", get(render))
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || method_not_allowed("GET, HEAD"))
}

/// Sorts waiting observations into their buckets every few seconds, and never returns. Spawn it beside the listener.
pub async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// The label under which a request is counted.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// The pattern of the route that answered, such as `/api/things/{id}/`.
    Matched(MatchedPath),
    /// Anything outside the API: pages and their files.
    App,
    /// A path under `/api/` that does not exist.
    Unknown,
}

impl Route {
    fn label(&self) -> &str {
        match self {
            Self::Matched(path) => path.as_str(),
            Self::App => "app",
            Self::Unknown => "unknown",
        }
    }
}

/// One route's handles. There are few routes, and few methods and statuses for each, so a scan is faster than a map.
struct RouteHandles {
    label: Box<str>,
    seconds: Histogram,
    requests: Vec<(&'static str, StatusCode, Counter)>,
}

thread_local! {
    static HANDLES: RefCell<Vec<RouteHandles>> = const { RefCell::new(Vec::new()) };
}

/// Counts one request.
pub(super) fn record(route: &Route, method: &Method, status: StatusCode, elapsed: Duration) {
    let Some(names) = NAMES.get() else { return };
    let (label, method) = (route.label(), method_label(method));
    HANDLES.with_borrow_mut(|handles| {
        let known = handles.iter().position(|route| *route.label == *label).unwrap_or_else(|| {
            let seconds = histogram!(names.request_seconds.as_str(), "route" => label.to_owned());
            handles.push(RouteHandles { label: label.into(), seconds, requests: Vec::new() });
            handles.len() - 1
        });
        let route = &mut handles[known];
        route.seconds.record(elapsed.as_secs_f64());
        if let Some((_, _, requests)) =
            route.requests.iter().find(|(known, code, _)| *known == method && *code == status)
        {
            requests.increment(1);
            return;
        }
        let status_label = status.as_str().to_owned();
        let requests =
            counter!(names.requests.as_str(), "method" => method, "route" => label.to_owned(), "status" => status_label);
        requests.increment(1);
        route.requests.push((method, status, requests));
    });
}

/// Returns the method's name if it is a known one: clients may invent methods, and labels must be few.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
