//! The context and the router behind the listener, and their replacement under a new configuration.
//!
//! SIGHUP reads the configuration again: a new context and a new router are made beside the present ones, and serve the
//! next request. Earlier requests end under the old ones. If anything is wrong with the new configuration, the old one
//! stays in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use cloakroom::config::Overrides;
use cloakroom::{Cloakroom, Config};
use cloakroom_edge::listen::{self, Deadlines};
use cloakroom_edge::operations::Stopping;
use cloakroom_edge::stop::{Limit, Signals};
use cloakroom_edge::telemetry::log::Log;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use crate::{Failure, start};

/// The longest time of a request, after which the old context can be closed.
const LAST_REQUESTS: Duration = Duration::from_secs(30);

/// The present context and its router.
#[derive(Clone)]
pub(crate) struct Running {
    present: Arc<Mutex<Cloakroom>>,
    app: watch::Sender<Router>,
}

impl Running {
    /// Starts with the given context and router.
    pub(crate) fn new(cloakroom: Cloakroom, app: Router) -> Self {
        Self { present: Arc::new(Mutex::new(cloakroom)), app: watch::Sender::new(app) }
    }

    /// Returns the present context.
    pub(crate) fn cloakroom(&self) -> Cloakroom {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a receiver of the present router, and of later ones.
    pub(crate) fn app(&self) -> watch::Receiver<Router> {
        self.app.subscribe()
    }

    /// Replaces the context and the router; the old context closes when its last requests are answered.
    pub(crate) fn replace(&self, cloakroom: Cloakroom, app: Router) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *present, cloakroom);
        drop(present);
        drop(self.app.send_replace(app));
        tokio::spawn(async move {
            sleep(LAST_REQUESTS).await;
            old.close().await;
        });
    }

    /// Serves until SIGTERM or Ctrl-C, then lets requests in flight finish.
    pub(crate) async fn serve(
        &self,
        listener: TcpListener,
        stopping: Stopping,
        log: &Log,
    ) -> Result<(), Failure> {
        let mut signals = Signals::take()?;
        let config = self.cloakroom().config().clone();
        let limit = Limit::new(config.server.stop.duration());
        let deadlines = Deadlines {
            idle: config.server.idle.duration(),
            stop: limit.for_requests(),
            ..Deadlines::default()
        };
        let is_proxy = move |address| config.trusted_proxies.iter().any(|network| network.contains(&address));
        let served = listen::Served { app: self.app(), deadlines, is_proxy: Arc::new(is_proxy) };
        let (begun, stop) = oneshot::channel();
        let told = {
            let log = log.clone();
            async move {
                signals.received().await;
                let _ = begun.send(limit.begin(log));
                stopping.begin();
                tracing::info!("stopping: no new connections, requests in flight finish");
            }
        };
        listen::serve(listener, served, told).await;
        if let Ok(stop) = stop.await {
            stop.close(self.cloakroom().close()).await;
        }
        Ok(())
    }
}

/// The source of a configuration, which is kept so that it can be read again.
pub(crate) struct Source {
    pub(crate) path: Option<PathBuf>,
    pub(crate) overrides: Overrides,
    pub(crate) stopping: Stopping,
}

impl Source {
    /// Reads the configuration at each SIGHUP; spawn it beside the listener.
    pub(crate) async fn reload_on_hangup(self, running: Running) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => return tracing::warn!(%error, "SIGHUP cannot be heard"),
        };
        while hangup.recv().await.is_some() {
            match self.reload(&running).await {
                Ok(changed) => tracing::info!(changed = changed.join(", "), "configuration reloaded"),
                Err(Failure::Refused(reason) | Failure::Usage(reason)) => {
                    let reason = reason.replace('\n', "; ");
                    tracing::error!(reason, "configuration not reloaded: the one of before stays in force");
                }
            }
        }
    }

    /// Applies the configuration as it is now; returns the keys that have changed.
    async fn reload(&self, running: &Running) -> Result<Vec<String>, Failure> {
        let old = running.cloakroom().config().clone();
        let mut new = Config::load(self.path.as_deref(), &self.overrides)?;
        let changed = changed(&old, &new);
        let (fixed, changed): (Vec<_>, Vec<_>) = changed.into_iter().partition(|key| is_fixed(key));
        if !fixed.is_empty() {
            let keys = fixed.join(", ");
            tracing::warn!(keys, "cannot change while the server runs: restart it for these");
        }
        new.listen = old.listen;
        new.metrics_listen = old.metrics_listen;
        new.database = old.database;
        new.server = old.server;
        let cloakroom = Cloakroom::new(new).await?;
        let app = start::assemble(&cloakroom, start::nothing_of_dev(), self.stopping.clone())?;
        running.replace(cloakroom, app);
        Ok(changed)
    }
}

/// Tells whether a key cannot change while the process runs: sockets, storage, timers of connections.
fn is_fixed(key: &str) -> bool {
    ["listen", "metrics_listen"].contains(&key) || key.starts_with("database.") || key.starts_with("server.")
}

/// Returns the keys whose values differ. Secrets show no difference here, but are read again as well.
fn changed(old: &Config, new: &Config) -> Vec<String> {
    let (old, new) = (serde_json::to_value(old), serde_json::to_value(new));
    let mut keys = Vec::new();
    if let (Ok(old), Ok(new)) = (old, new) {
        differences(&old, &new, "", &mut keys);
    }
    keys
}

fn differences(old: &Value, new: &Value, path: &str, into: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differences(old.get(key).unwrap_or(&Value::Null), value, &path, into);
            }
        }
        _ if old == new => {}
        _ => into.push(path.to_owned()),
    }
}
