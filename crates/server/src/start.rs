//! Starting and stopping: `dev` and `serve` differ in what they are given, not in what runs.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::routing::any;
use cloakroom::administration::{self, NewAccount, Rank};
use cloakroom::config::Overrides;
use cloakroom::{Cloakroom, Config};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::headers::SecurityHeaders;
use crate::host::RequireHost;
use crate::instance::Instance;
use crate::listen::Deadlines;
use crate::operations::Stopping;
use crate::spa::Spa;
use crate::telemetry::{log, prometheus, request};
use crate::user::say;
use crate::{Failure, idp, listen, mailbox, operations, problem};

/// The port of `dev` when nothing else is said.
const DEFAULT_PORT: u16 = 3000;
/// The password of the sample users.
const SAMPLE_PASSWORD: &str = "correct-horse-battery";

/// `cloakroom dev`
pub(crate) async fn dev(address: Option<SocketAddr>, directory: &Path) -> Result<(), Failure> {
    let address = match address {
        Some(address) => address,
        None => Config::development(directory, DEFAULT_PORT)?.listen.0,
    };
    if !address.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "dev has users whose password everyone knows, so it listens on loopback only, not on {address}"
        )));
    }
    let log = log::init(log::Format::Human)?;
    let listener = bind(address).await.map_err(Failure::Refused)?;
    let port = listener.local_addr()?.port();
    std::fs::create_dir_all(directory).map_err(|error| {
        Failure::Refused(format!("the directory {} cannot be made: {error}", directory.display()))
    })?;
    let mut config = Config::development(directory, port)?;
    let providers = idp::register(&mut config, port)?;
    let _instance = Instance::claim(&config)?;
    install_metrics(&config, &log).await?;
    let cloakroom = Cloakroom::new(config).await?;
    add_samples(&cloakroom).await?;
    let stopping = Stopping::default();
    let elsewhere = mailbox::router(&cloakroom).merge(idp::router(&providers));
    let app = assemble(&cloakroom, elsewhere, stopping.clone(), RequireHost::only_localhost(port))?;
    let origin = cloakroom.config().public_url.origin();
    // For the person at the terminal; where output goes to a file, no password stands in it, not even this one.
    let password = if io::stdout().is_terminal() { SAMPLE_PASSWORD } else { "as in the README" };
    say(&format!(
        "Cloakroom is ready: {origin}\nSign in as ada@example.test, password {password}\nMails: {origin}/dev/mail"
    ));
    run(listener, cloakroom, app, stopping).await?;
    log.flush();
    Ok(())
}

/// `cloakroom serve`
pub(crate) async fn serve(config: Option<&Path>, address: Option<SocketAddr>) -> Result<(), Failure> {
    let overrides = address.map_or_else(Overrides::default, |address| Overrides::default().listen(address));
    let config = Config::load(config, &overrides)?;
    let log = log::init(log::Format::Json)?;
    let _instance = Instance::claim(&config)?;
    install_metrics(&config, &log).await?;
    let listener = bind(config.listen.0).await.map_err(|complaint| config.complaint("listen", complaint))?;
    let listen = listener.local_addr()?;
    let cloakroom = Cloakroom::new(config).await?;
    let stopping = Stopping::default();
    let app = assemble(&cloakroom, idp::nothing(), stopping.clone(), RequireHost::default())?;
    tracing::info!(
        public_url = cloakroom.config().public_url.origin(),
        %listen,
        "ready"
    );
    run(listener, cloakroom, app, stopping).await?;
    log.flush();
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("another program listens on {address} already: stop it, or choose another port")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Everything that answers: the API below its guard, what is `elsewhere`, the health checks, and the app at every other path.
fn assemble(
    cloakroom: &Cloakroom,
    elsewhere: Router,
    stopping: Stopping,
    required: RequireHost,
) -> Result<Router, Failure> {
    let config = cloakroom.config();
    let spa = match &config.app.dir {
        Some(directory) => Spa::from_directory(directory, &config.app.csp)
            .map_err(|error| config.complaint("app.dir", format!("{}: {error}", directory.display())))?,
        None => Spa::embedded(),
    };
    for (key, warning) in config.app.csp.warnings() {
        tracing::warn!(key, "{warning}");
    }
    if !spa.is_built() {
        tracing::warn!("the web app was not built into this binary: run `make web`, then build again");
    }
    let nothing = any(async || problem::not_found());
    let storage = cloakroom.clone();
    let ready = move || {
        let storage = storage.clone();
        Box::pin(async move { storage.is_ready().await }) as _
    };
    // Around everything, refusals included: the headers first, so that nothing leaves without them.
    let headers = SecurityHeaders::new(config.public_url.is_https());
    let around = (headers, request::Requests, required);
    let api = cloakroom
        .router()
        // The page, below the guard: it turns the answer that Apple lets the browser post into a GET.
        .route_service("/auth/{provider}/callback", spa.clone())
        .route("/api", nothing.clone())
        .route("/api/", nothing.clone())
        .route("/api/{*rest}", nothing)
        // The guard in the same layer: a router puts each layer into a box of its own, which every request pays for.
        .layer((around, cloakroom.layer()));
    let others = elsewhere.merge(operations::router(stopping, ready)).fallback_service(spa).layer(around);
    // Their (empty) state is applied now: a router that waits for its state builds its routes anew for each request.
    Ok(api.merge(others).with_state(()))
}

/// Serves until SIGTERM or Ctrl-C, then lets requests in flight finish.
async fn run(
    listener: TcpListener,
    cloakroom: Cloakroom,
    app: Router,
    stopping: Stopping,
) -> Result<(), Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.begin();
        tracing::info!("stopping: no new connections, requests in flight finish");
    };
    listen::serve(listener, app, Deadlines::default(), stop).await;
    cloakroom.close().await;
    Ok(())
}

/// Prometheus asks on an address of its own, so that metrics are never public by accident.
async fn install_metrics(config: &Config, log: &log::Log) -> Result<(), Failure> {
    let Some(address) = config.metrics_listen else { return Ok(()) };
    let handle = prometheus::install().map_err(|error| Failure::Refused(error.to_string()))?;
    tokio::spawn(prometheus::upkeep(handle.clone()));
    let listener =
        bind(address.0).await.map_err(|complaint| config.complaint("metrics_listen", complaint))?;
    let app = prometheus::router(handle, log.clone());
    let (forever, end) = watch::channel(());
    tokio::spawn(async move {
        let _keep = forever;
        let mut end = end;
        listen::serve(listener, app, Deadlines::default(), async move {
            let _ = end.changed().await;
        })
        .await;
    });
    Ok(())
}

/// Three people to sign in as, once, in an empty database.
async fn add_samples(cloakroom: &Cloakroom) -> Result<(), Failure> {
    if !administration::list(cloakroom).await?.is_empty() {
        return Ok(());
    }
    let sample = |email, rank, is_active| NewAccount { email, password: SAMPLE_PASSWORD, rank, is_active };
    // All at once: a start that is cut off leaves none of them, and the next one finds an empty database.
    administration::add_all(
        cloakroom,
        &[
            sample("ada@example.test", Rank::Superuser, true),
            sample("grace@example.test", Rank::Plain, true),
            sample("alan@example.test", Rank::Plain, false),
        ],
    )
    .await?;
    Ok(())
}
