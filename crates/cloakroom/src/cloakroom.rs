//! The context that every flow takes. It is opened once and cloned cheaply.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Overrides};
use crate::error::{Error, Result};
use crate::flow::session::SessionCache;
use crate::http::cookies::Names;
use crate::http::guard::GuardLayer;
use crate::http::refusals::Refusals;
use crate::limits::{Pace, Remembered};
use crate::mail::Transport;
use crate::mail::outbox::Outbox;
use crate::password::Passwords;
use crate::pipeline::{Pipeline, Resources, Step};
use crate::provider::Providers;
use crate::secret::SecretKey;
use crate::store::{Readiness, Store};
use crate::{flow, http, jobs};

/// What only a process that serves has: its jobs, and steps of the app.
type Serving<'a> = (watch::Sender<()>, &'a [Arc<dyn Step>]);

/// How long the end waits for mails that are on their way.
const LAST_MAILS: Duration = Duration::from_secs(10);

/// The cloakroom: keeps accounts and sessions, and answers under `/api/`.
///
/// Clones share everything. When the last one is dropped, its background jobs end.
#[derive(Clone)]
pub struct Cloakroom(Arc<Inner>);

struct Inner {
    config: Config,
    store: Store,
    clock: Clock,
    key: SecretKey,
    cookie_names: Names,
    refusals: Refusals,
    passwords: Passwords,
    remembered: Arc<Remembered>,
    pace: Pace,
    providers: Providers,
    pipeline: Pipeline,
    sessions: SessionCache,
    outbox: Outbox,
    transport: Transport,
    readiness: Readiness,
    /// Whether a proxy that is not trusted has been told of.
    is_proxy_told: AtomicBool,
    /// The jobs run until this is dropped.
    jobs: Option<watch::Sender<()>>,
}

impl Cloakroom {
    /// Reads the configuration file, opens the database, brings its schema up to date, and starts the jobs.
    ///
    /// # Errors
    /// [`Error::Config`] for a configuration that cannot be used, [`Error::Unavailable`] when the database cannot be reached.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(Config::load(Some(path.as_ref()), &Overrides::default())?).await
    }

    /// Opens the database from an already loaded configuration and starts the background jobs.
    ///
    /// # Errors
    /// As [`Cloakroom::open`].
    pub async fn new(config: Config) -> Result<Self> {
        Self::with_clock(config, Clock::System, &[]).await
    }

    /// Opens it with steps of your own, which `pipeline.steps` names as `{ own = "…" }`.
    ///
    /// # Errors
    /// As [`Cloakroom::open`], and when the configuration names a step that is not among them.
    pub async fn with_steps(config: Config, steps: &[Arc<dyn Step>]) -> Result<Self> {
        Self::with_clock(config, Clock::System, steps).await
    }

    /// Opens it under a clock that can be turned.
    ///
    /// # Errors
    /// As [`Cloakroom::open`].
    pub(crate) async fn with_clock(config: Config, clock: Clock, steps: &[Arc<dyn Step>]) -> Result<Self> {
        // A test may want to see what becomes of a value that no server starts with.
        if !clock.is_dial() {
            config.require_sound()?;
        }
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let store = open_store(&config).await?;
        let (alive, jobs_end) = watch::channel(());
        let cloakroom = Self::assemble(config, store, clock, Some((alive, steps)))?;
        flow::issuers::require_same(&cloakroom).await?;
        jobs::start(&cloakroom, jobs_end);
        Ok(cloakroom)
    }

    /// Opens it for the command line, without background jobs.
    ///
    /// # Errors
    /// As [`Cloakroom::open`].
    pub async fn for_administration(config: Config) -> Result<Self> {
        config.require_sound()?;
        let store = open_store(&config).await?;
        Self::assemble(config, store, Clock::System, None)
    }

    fn assemble(config: Config, store: Store, clock: Clock, server: Option<Serving<'_>>) -> Result<Self> {
        let key = secret_key(&config)?;
        let transport = Transport::open(&config, &store)?;
        let passwords = Passwords::start();
        // The command line sends nobody anywhere.
        let (providers, pipeline, jobs) = match server {
            Some((jobs, steps)) => {
                (Providers::open(&config, &clock)?, Pipeline::open(&config, steps)?, Some(jobs))
            }
            None => (Providers::none(), Pipeline::none(), None),
        };
        Ok(Self(Arc::new(Inner {
            cookie_names: Names::new(&config),
            refusals: Refusals::new(),
            config,
            store,
            clock,
            key,
            passwords,
            remembered: Arc::new(Remembered::new()),
            pace: Pace::new(),
            providers,
            pipeline,
            sessions: SessionCache::new(),
            outbox: Outbox::new(),
            transport,
            readiness: Readiness::default(),
            is_proxy_told: AtomicBool::new(false),
            jobs,
        })))
    }

    /// The routes under `/api/`. They work below [`Cloakroom::layer`] only.
    pub fn router(&self) -> axum::Router {
        http::router::router(self)
    }

    /// Puts a session behind every request, and lets no unsafe one through that does not come from our own pages.
    ///
    /// It guards all that it wraps, so a webhook that other machines call belongs outside.
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.clone())
    }

    /// Whether storage takes writes: while it does not, nobody can sign in. An answer holds for a second.
    pub async fn is_ready(&self) -> bool {
        self.0.readiness.ask(&self.0.store).await
    }

    /// Lets the mails arrive that are on their way, ends the jobs, then lets go of the database.
    pub async fn close(&self) {
        self.0.outbox.drain(LAST_MAILS).await;
        // Before storage closes: a job that finds it closed would warn of a fault.
        if let Some(jobs) = &self.0.jobs {
            jobs.send_replace(());
        }
        self.0.store.close().await;
    }

    /// The configuration that it was opened with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn key(&self) -> &SecretKey {
        &self.0.key
    }

    pub(crate) fn cookie_names(&self) -> &Names {
        &self.0.cookie_names
    }

    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn remembered_limits(&self) -> &Arc<Remembered> {
        &self.0.remembered
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.0.pace
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn sessions(&self) -> &SessionCache {
        &self.0.sessions
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    /// Everything that the steps of the pipeline may read.
    pub(crate) fn resources(&self) -> Resources<'_> {
        Resources { config: &self.0.config, store: &self.0.store, clock: &self.0.clock }
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    /// Tells, once, that requests come through a proxy that the configuration does not name.
    pub(crate) fn tell_of_proxy(&self, peer: IpAddr) {
        if !self.0.is_proxy_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For comes from a private address that trusted_proxies does not name: it is not believed, and all \
                 who come that way share one address and its limits"
            );
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// Returns a way back for a job, which must not keep the cloakroom alive.
    pub(crate) fn downgrade(&self) -> impl Fn() -> Option<Self> + Send + 'static {
        let weak = Arc::downgrade(&self.0);
        move || weak.upgrade().map(Self)
    }
}

/// The key, with the one before it while they are changed.
fn secret_key(config: &Config) -> Result<SecretKey> {
    let key = match &config.secret {
        Some(secret) => SecretKey::new(secret.expose().as_bytes()),
        None => SecretKey::load_or_create(&config.secret_file.0),
    };
    let key = key.map_err(|complaint| config.complaint("secret_file", complaint))?;
    let previous = match (&config.secret_previous, &config.secret_previous_file) {
        (Some(secret), _) => SecretKey::new(secret.expose().as_bytes()),
        (None, Some(file)) => SecretKey::load(file),
        (None, None) => return Ok(key),
    };
    let previous = previous.map_err(|complaint| config.complaint("secret_previous_file", complaint))?;
    Ok(key.after(previous))
}

async fn open_store(config: &Config) -> Result<Store> {
    let url = &config.database.url;
    let store = Store::open(url.expose()).await.map_err(|error| match error {
        Error::Config(complaint) => config.complaint("database.url", complaint),
        Error::Unavailable(cause) => {
            let reason = Error::Unavailable(cause).with_causes();
            Error::Unavailable(config.complaint("database.url", format!("{url:?}: {reason}")).into())
        }
        other => other,
    })?;
    require_fit(&store, config).await?;
    store.fold_addresses().await?;
    Ok(store)
}

/// A database with sample users must not go into production, and `dev` must not add them to one that is.
async fn require_fit(store: &Store, config: &Config) -> Result<()> {
    let is_fit = if config.development {
        let mut tx = store.begin().await?;
        let marked = tx.mark_development().await?;
        tx.commit().await?;
        marked || store.is_development().await?
    } else {
        !store.is_development().await?
    };
    if is_fit { Ok(()) } else { Err(config.complaint("database.url", unfit(config))) }
}

fn unfit(config: &Config) -> &'static str {
    if config.development {
        "this database holds accounts and was not made by `cloakroom dev`, which would add sample users with a known password: give another --data-dir"
    } else {
        "this database was made by `cloakroom dev` and holds sample users with a known password: name another one"
    }
}
