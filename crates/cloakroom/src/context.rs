//! The context: everything that a flow needs. It is opened once and cloned cheaply.
//!
//! It knows no flow, no job and no HTTP. `cloakroom.rs` opens it and makes the routes and the layer from it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::attempts::Attempts;
use crate::brand::Brand;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::error::Result;
use crate::hooks::Hooks;
use crate::limits::Limiter;
use crate::mail::Transport;
use crate::mail::outbox::Outbox;
use crate::password::Passwords;
use crate::pipeline::{Pipeline, Resources};
use crate::provider::Providers;
use crate::secret::SecretKey;
use crate::session::Sessions;
use crate::store::{Readiness, Store};

/// The state that flows, jobs and handlers share.
#[derive(Clone)]
pub(crate) struct Context(Arc<Inner>);

struct Inner {
    config: Config,
    brand: Brand,
    store: Store,
    clock: Clock,
    key: SecretKey,
    passwords: Passwords,
    limiter: Limiter,
    providers: Providers,
    pipeline: Pipeline,
    sessions: Sessions,
    outbox: Outbox,
    transport: Transport,
    readiness: Readiness,
    attempts: Attempts,
    hooks: Hooks,
    /// The handle of the background jobs, which run until it is dropped with the last clone.
    jobs: Option<watch::Sender<()>>,
}

/// The parts of a context that its opener prepares.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) brand: Brand,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) key: SecretKey,
    pub(crate) providers: Providers,
    pub(crate) pipeline: Pipeline,
    /// The sender that ends the background jobs; `None` where there are none.
    pub(crate) jobs: Option<watch::Sender<()>>,
}

impl Context {
    /// Puts the parts together, and starts the threads that hash passwords.
    ///
    /// # Errors
    /// [`crate::Error::Config`] when the mail transport cannot be set up.
    pub(crate) fn new(parts: Parts) -> Result<Self> {
        let Parts { config, brand, store, clock, key, providers, pipeline, jobs } = parts;
        let transport = Transport::open(&config, &store)?;
        let passwords = Passwords::start();
        Ok(Self(Arc::new(Inner {
            limiter: Limiter::new(&config.limits, &store, &clock, &key),
            sessions: Sessions::new(&config.session, &store, &clock),
            config,
            brand,
            store,
            clock,
            key,
            passwords,
            providers,
            pipeline,
            outbox: Outbox::new(),
            transport,
            readiness: Readiness::default(),
            attempts: Attempts::new(),
            hooks: Hooks::new(),
            jobs,
        })))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn brand(&self) -> &Brand {
        &self.0.brand
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

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    /// Returns everything that the steps of the pipeline may read.
    pub(crate) fn resources(&self) -> Resources<'_> {
        Resources { config: &self.0.config, store: &self.0.store, clock: &self.0.clock }
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// Tells whether storage takes writes. An answer is cached for a second.
    pub(crate) async fn is_ready(&self) -> bool {
        self.0.readiness.ask(&self.0.store).await
    }

    /// Tells the background jobs to end.
    pub(crate) fn end_jobs(&self) {
        if let Some(jobs) = &self.0.jobs {
            jobs.send_replace(());
        }
    }

    /// Returns a weak reference for a job, which must not keep the context alive.
    pub(crate) fn downgrade(&self) -> impl Fn() -> Option<Self> + Send + 'static {
        let weak = Arc::downgrade(&self.0);
        move || weak.upgrade().map(Self)
    }
}
