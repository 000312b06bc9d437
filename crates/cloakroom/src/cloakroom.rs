//! The façade: opens a database from a configuration, starts the jobs, and hands out the routes and the layer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::brand::Brand;
use crate::clock::Clock;
use crate::config::{Config, Overrides};
use crate::context::{Context, Parts};
use crate::error::{Error, Result};
use crate::flow::admin::administration::Administration;
use crate::flow::admin::audit::Audit;
use crate::flow::admin::events::Events;
use crate::flow::admin::mailing::Mailing;
use crate::http::gate::Gate;
use crate::http::guard::GuardLayer;
use crate::pipeline::{Pipeline, Step};
use crate::provider::Providers;
use crate::secret::SecretKey;
use crate::store::Store;
use crate::{flow, http, jobs};

/// The time that the end waits for mails that are being sent, and for hooks.
const LAST_WORK: Duration = Duration::from_secs(10);

/// Sign-in for an app: keeps accounts and sessions, and answers under `/api/`.
///
/// Clones share everything. When the last one is dropped, with the router and the layer made from it, the background jobs end.
#[derive(Clone)]
pub struct Cloakroom(Context);

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
    /// Fails as [`Cloakroom::open`] does.
    pub async fn new(config: Config) -> Result<Self> {
        Box::pin(Self::with_clock(config, Clock::System, &[])).await
    }

    /// Opens it with steps of your own, which `pipeline.steps` names as `{ own = "…" }`.
    ///
    /// # Errors
    /// Fails as [`Cloakroom::open`] does, and when the configuration names a step that is not among them.
    pub async fn with_steps(config: Config, steps: &[Arc<dyn Step>]) -> Result<Self> {
        Box::pin(Self::with_clock(config, Clock::System, steps)).await
    }

    /// Opens it with a clock that can be turned.
    ///
    /// # Errors
    /// Fails as [`Cloakroom::open`] does.
    pub(crate) async fn with_clock(config: Config, clock: Clock, steps: &[Arc<dyn Step>]) -> Result<Self> {
        #[cfg(feature = "development")]
        let config = http::development::with_stand_ins(config)?;
        // A test may use a value with which no server starts.
        if !clock.is_dial() {
            config.require_sound()?;
        }
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let brand = Brand::open(&config)?;
        let store = open_store(&config).await?;
        let providers = Providers::open(&config, &clock)?;
        let pipeline = Pipeline::open(&config, steps)?;
        let key = secret_key(&config)?;
        let (alive, jobs_end) = watch::channel(());
        let context =
            Context::new(Parts { config, brand, store, clock, key, providers, pipeline, jobs: Some(alive) })?;
        flow::social::issuers::require_same(&context).await?;
        flow::admin::audit::note_start(&context).await;
        jobs::start(&context, jobs_end);
        Ok(Self(context))
    }

    /// Opens it for the command line, without background jobs.
    ///
    /// # Errors
    /// Fails as [`Cloakroom::open`] does.
    pub async fn for_administration(config: Config) -> Result<Self> {
        config.require_sound()?;
        let brand = Brand::open(&config)?;
        let store = open_store(&config).await?;
        let key = secret_key(&config)?;
        // The command line sends nobody to a provider.
        let (providers, pipeline) = (Providers::none(), Pipeline::none());
        let clock = Clock::System;
        Context::new(Parts { config, brand, store, clock, key, providers, pipeline, jobs: None }).map(Self)
    }

    /// Returns the routes under `/api/`, and those of the brand's files under `/_cloakroom/`. They work below [`Cloakroom::layer`] only.
    pub fn router(&self) -> axum::Router {
        http::router::router(&self.0)
    }

    /// Loads the session of every request, and refuses every unsafe request that does not come from our own pages.
    ///
    /// It guards everything that it wraps, so a webhook that other machines call belongs outside.
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(Gate::new(self.0.clone()))
    }

    /// Returns our sign-in and account pages, for an app that has `/` and every other path.
    ///
    /// Merge them below [`Cloakroom::layer`], beside [`Cloakroom::router`]. Their files are under `/_cloakroom/`. They carry strict
    /// security headers, whatever the headers of your own pages are.
    #[cfg(feature = "pages")]
    pub fn pages(&self) -> axum::Router {
        http::pages::beside_an_app(&self.0)
    }

    /// Returns our pages with a home page, for a program that has none of its own: a service for the fallback of its router.
    #[cfg(feature = "pages")]
    pub fn site(&self) -> cloakroom_edge::spa::Spa {
        http::pages::as_a_site(&self.0)
    }

    /// Returns the tools of development: an inbox at `/dev/mail`, stand-ins for providers at `/dev/idp/`, and `/dev`, which names
    /// them. Adds three sample users to an empty database, with the password [`SAMPLE_PASSWORD`](crate::SAMPLE_PASSWORD).
    ///
    /// Merge them above [`Cloakroom::layer`]: a stand-in is another machine, whose requests carry no token of ours.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration was not made by [`Config::development`], or when `public_url` or `listen` is not on
    /// loopback.
    #[cfg(feature = "development")]
    pub async fn development(&self) -> Result<axum::Router> {
        let router = http::development::router(&self.0)?;
        flow::admin::samples::add(&self.0).await?;
        Ok(router)
    }

    /// Tells whether storage takes writes. While it does not, nobody can sign in. An answer is cached for a second.
    pub async fn is_ready(&self) -> bool {
        self.0.is_ready().await
    }

    /// Waits for the mails that are being sent and for the events that hooks are handling, ends the jobs, then closes the
    /// database.
    pub async fn close(&self) {
        tokio::join!(self.0.outbox().drain(LAST_WORK), self.0.hooks().stop(LAST_WORK));
        if let Err(error) = Box::pin(self.0.attempts().write(self.0.store())).await {
            tracing::warn!(error = error.with_causes(), "the last failed sign-ins could not be recorded");
        }
        // The jobs end before storage closes: a job that finds it closed would warn of a fault.
        self.0.end_jobs();
        self.0.store().close().await;
    }

    /// Returns the administration, which acts on accounts as the command line does.
    pub fn administration(&self) -> Administration {
        Administration::new(self.0.clone())
    }

    /// Returns the audit, which reads what happened and who did it.
    pub fn audit(&self) -> Audit {
        Audit::new(self.0.clone())
    }

    /// Returns the events in order, for programs: hooks, and pages by a cursor.
    pub fn events(&self) -> Events {
        Events::new(self.0.clone())
    }

    /// Returns the mailing, which manages pending mails and tests the transport.
    pub fn mailing(&self) -> Mailing {
        Mailing::new(self.0.clone())
    }

    /// Returns the context, for tests that look behind the API.
    #[cfg(feature = "testing")]
    pub(crate) fn context(&self) -> &Context {
        &self.0
    }

    /// Returns the brand, for pages that show it.
    pub fn brand(&self) -> &Brand {
        self.0.brand()
    }

    /// Returns the configuration that it was opened with.
    pub fn config(&self) -> &Config {
        self.0.config()
    }
}

/// Returns the key, with the previous one while the key is being changed.
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
    Ok(store.keeping(config.audit.address))
}

/// Refuses a database that does not fit the mode. A database with sample users must not go into production, and `dev` must not
/// add them to one that is in production.
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
