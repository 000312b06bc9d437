//! `cloakroom dev`: everything on, nothing to configure, for this machine only.
//!
//! Cookies are shared between ports: two of these servers on `localhost` sign each other's users out. So each may also be
//! opened as `http://NAME.localhost:PORT`, which is another host to a browser. The first request with a name makes it
//! the `public_url`, as if the environment had set it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use cloakroom::config::Address;
use cloakroom::{Cloakroom, Config, SAMPLE_PASSWORD};
use cloakroom_edge::front::Gate;
use cloakroom_edge::operations::Stopping;
use cloakroom_edge::telemetry::log;

use crate::Failure;
use crate::instance::Instance;
use crate::running::Running;
use crate::start::{Around, LOG_LEVELS, assemble, bind, install_metrics};
use crate::user::say;
use host::Hosts;
use names::Names;

mod host;
mod names;

/// The port of `dev` by default.
const DEFAULT_PORT: u16 = 3000;

/// Runs `cloakroom dev` until a signal stops it.
pub(crate) async fn run(address: Option<SocketAddr>, directory: &Path) -> Result<(), Failure> {
    let address = match address {
        Some(address) => address,
        None => Config::development(directory, DEFAULT_PORT)?.listen.0,
    };
    if !address.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "dev has users whose password everyone knows, so it listens on loopback only, not on {address}"
        )));
    }
    let log = log::init(log::Format::Human, LOG_LEVELS)?;
    let listener =
        bind(address).await.map_err(|complaint| Failure::Refused(another_port(&complaint, address)))?;
    let listen = listener.local_addr()?;
    std::fs::create_dir_all(directory).map_err(|error| {
        Failure::Refused(format!("the directory {} cannot be made: {error}", directory.display()))
    })?;
    let stopping = Stopping::default();
    let dev = Arc::new(Dev {
        directory: directory.to_path_buf(),
        port: listen.port(),
        listen,
        stopping: stopping.clone(),
        names: Names::default(),
    });
    let config = dev.config(None)?;
    let _instance = Instance::claim(&config)?;
    install_metrics(&config, &log).await?;
    let (cloakroom, app) = dev.open(config).await?;
    say(&dev.ready(&cloakroom));
    let running = Running::new(cloakroom, app);
    dev.names.begin(running.clone());
    running.serve(listener, stopping, &log).await?;
    log.flush();
    Ok(())
}

/// Adds the three remedies to the error about a port that is taken, the commonest reason for a failed start.
fn another_port(complaint: &str, address: SocketAddr) -> String {
    if !complaint.contains("already") {
        return complaint.to_owned();
    }
    let other = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(0));
    format!(
        "{complaint}: stop it, or choose another port: `cloakroom dev --listen {other}`, or `CLOAKROOM_LISTEN={other} make run`"
    )
}

/// A development server, which may be opened under different names.
struct Dev {
    directory: PathBuf,
    port: u16,
    listen: SocketAddr,
    stopping: Stopping,
    names: Names,
}

impl Dev {
    /// Returns the configuration; `name` is the first label of `NAME.localhost`.
    fn config(&self, name: Option<&str>) -> Result<Config, Failure> {
        let mut config = Config::development(&self.directory, self.port)?;
        // The address may be another one than configured: `--listen` has the last word, and its port may be 0.
        config.listen = Address(self.listen);
        if let Some(name) = name {
            let url = format!("http://{name}.localhost:{}", self.port);
            config.public_url = url.try_into().map_err(Failure::Refused)?;
        }
        Ok(config)
    }

    /// Opens a context under `config`, and builds the app.
    async fn open(self: &Arc<Self>, config: Config) -> Result<(Cloakroom, axum::Router), Failure> {
        let cloakroom = Cloakroom::new(config).await?;
        let elsewhere = cloakroom.development().await?;
        let hosts = Hosts::new(self.port, cloakroom.config().public_url.origin());
        // It lives as long as the process, like the router that calls it; each new name makes another one.
        let gate: &'static Gate = Box::leak(Box::new(move |request: &Request| hosts.refusal(request)));
        let around = Around { elsewhere, gate: Some(gate) };
        let app = assemble(&cloakroom, around, self.stopping.clone())?;
        Ok((cloakroom, app.layer(from_fn_with_state(Arc::clone(self), names::notice))))
    }

    /// Returns the text for the terminal: the address at which it listens, and the URL to open if that differs.
    fn ready(&self, cloakroom: &Cloakroom) -> String {
        let listens = format!("http://localhost:{}", self.port);
        let origin = cloakroom.config().public_url.origin();
        let open = if origin == listens {
            format!("Cloakroom is ready: {listens}")
        } else {
            format!("Cloakroom is ready: it listens at {listens}\nOpen it at {origin}, as public_url says")
        };
        format!(
            "{open}\nSign in as ada@example.test, password {SAMPLE_PASSWORD}\nMails: {origin}/dev/mail\n\
             Mails, people and stand-ins for providers: {origin}/dev"
        )
    }
}
