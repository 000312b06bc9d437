//! The start of `serve`, and the parts of both servers: `dev` and `serve` differ in the arguments of these.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use cloakroom::config::Overrides;
use cloakroom::{Cloakroom, Config, RequestId};
use cloakroom_edge::front::{Front, Gate};
use cloakroom_edge::headers::SecurityHeaders;
use cloakroom_edge::listen::{self, Deadlines, Served};
use cloakroom_edge::operations::{self, Stopping};
use cloakroom_edge::problem;
use cloakroom_edge::telemetry::log::{self, Levels};
use cloakroom_edge::telemetry::{prometheus, request};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::util::MapRequestLayer;

use crate::cli::config_file;
use crate::instance::Instance;
use crate::running::{Running, Source};
use crate::{Failure, pages, request_lines};

/// The log levels: everything worth knowing about a running server. `sqlx` is at `warn`, since it notes each migration
/// that was applied already.
pub(crate) const LOG_LEVELS: Levels =
    Levels { variable: "CLOAKROOM_LOG", unset: "info,sqlx=warn", example: "info,cloakroom=debug" };

/// Runs `cloakroom serve`.
pub(crate) async fn serve(config: Option<&Path>, address: Option<SocketAddr>) -> Result<(), Failure> {
    let overrides = address.map_or_else(Overrides::default, |address| Overrides::default().listen(address));
    let path = config_file(config);
    let config = Config::load(path.as_deref(), &overrides)?;
    let log = log::init(log::Format::Json, LOG_LEVELS)?;
    let _instance = Instance::claim(&config)?;
    install_metrics(&config, &log).await?;
    let listener = bind(config.listen.0).await.map_err(|complaint| {
        config.complaint(
            "listen",
            format!("{complaint}: stop it, or choose another port here or with --listen"),
        )
    })?;
    let listen = listener.local_addr()?;
    let cloakroom = Cloakroom::new(config).await?;
    let stopping = Stopping::default();
    let app = assemble(&cloakroom, nothing_of_dev(), stopping.clone())?;
    tracing::info!(
        public_url = cloakroom.config().public_url.origin(),
        %listen,
        "ready"
    );
    let running = Running::new(cloakroom, app);
    let source = Source { path, overrides, stopping: stopping.clone() };
    let reloading = tokio::spawn(source.reload_on_hangup(running.clone()));
    running.serve(listener, stopping, &log).await?;
    reloading.abort();
    log.flush();
    Ok(())
}

/// Binds the listener. The error names the cause; the caller adds the remedy.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("another program listens on {address} already"),
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// The routes beside the API, and the gate that refuses requests for them.
pub(crate) struct Around {
    pub(crate) elsewhere: Router,
    pub(crate) gate: Option<&'static Gate>,
}

/// Returns the routes for `serve`: nothing is under `/dev`, and no gate refuses a host.
pub(crate) fn nothing_of_dev() -> Around {
    let nothing = any(async || problem::not_found());
    let elsewhere = Router::new()
        .route("/dev", nothing.clone())
        .route("/dev/", nothing.clone())
        .route("/dev/{*rest}", nothing);
    Around { elsewhere, gate: None }
}

/// Builds the router: the API below its guard, the routes of `elsewhere`, the health checks, our pages, and the app at every
/// other path.
pub(crate) fn assemble(cloakroom: &Cloakroom, around: Around, stopping: Stopping) -> Result<Router, Failure> {
    let Around { elsewhere, gate } = around;
    let config = cloakroom.config();
    let pages::Served { guarded, app } = pages::served(cloakroom)?;
    let nothing = any(async || problem::not_found());
    let storage = cloakroom.clone();
    let ready = move || {
        let storage = storage.clone();
        async move { storage.is_ready().await }
    };
    let front = Front {
        headers: SecurityHeaders::new(config.public_url.is_https()),
        api: "/api/",
        is_worth_a_line: request_lines::is_worth_a_line,
        gate,
    };
    let api = cloakroom
        .router()
        .merge(guarded)
        .route("/api", nothing.clone())
        .route("/api/", nothing.clone())
        .route("/api/{*rest}", nothing)
        // The guard is in the same layer: a router puts each layer into a box of its own, at a cost to every request.
        .layer((front, MapRequestLayer::new(with_id), cloakroom.layer()));
    let others = elsewhere.merge(operations::router(stopping, ready)).fallback_service(app).layer(front);
    // The (empty) state is applied now: a router that lacks its state builds its routes anew for each request.
    Ok(api.merge(others).with_state(()))
}

/// Passes the id of a request that changes something on to its events. Other requests record no events, and have no
/// cost.
fn with_id(mut request: Request) -> Request {
    if !request.method().is_safe()
        && let Some(id) = request::current()
    {
        request.extensions_mut().insert(RequestId::new(&id.to_string()));
    }
    request
}

/// Serves metrics to Prometheus on an address of their own, so that they are never public by accident.
pub(crate) async fn install_metrics(config: &Config, log: &log::Log) -> Result<(), Failure> {
    let Some(address) = config.metrics_listen else { return Ok(()) };
    let handle = prometheus::install("cloakroom").map_err(|error| Failure::Refused(error.to_string()))?;
    tokio::spawn(prometheus::upkeep(handle.clone()));
    let listener = bind(address.0).await.map_err(|complaint| {
        config.complaint("metrics_listen", format!("{complaint}: stop it, or choose another port"))
    })?;
    let (keep, app) = watch::channel(prometheus::router(handle, log.clone()));
    tokio::spawn(async move {
        let served = Served { app, deadlines: Deadlines::default(), is_proxy: Arc::new(|_| false) };
        // It serves until the process ends.
        listen::serve(listener, served, std::future::pending()).await;
        drop(keep);
    });
    Ok(())
}
