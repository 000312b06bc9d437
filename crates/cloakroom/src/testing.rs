//! For tests, of Cloakroom and of apps that embed it: an app of its own database, a browser with a cookie jar, a clock to
//! turn.
//!
//! Everything goes through the public surface, as a browser would; only the clock is turned from behind.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use cloakroom::{User, administration::Rank, testing::TestApp};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directory = tempfile::tempdir()?;
//! let database = format!("sqlite:{}", directory.path().join("test.db").display());
//! let own = Router::new().route("/me", get(async |user: User| user.email));
//! let app = TestApp::with(TestApp::config(&database), own).await;
//! app.add("ada@example.test", Rank::Staff).await;
//!
//! let ada = app.signed_in("ada@example.test").await;
//! assert_eq!(ada.get("/me").await.text, "ada@example.test");
//! app.advance(Duration::from_hours(15 * 24));
//! assert_eq!(ada.get("/me").await.code(), "not_authenticated");
//! # Ok(())
//! # }
//! ```

mod browser;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::StatusCode;
use serde_json::Value;

pub use browser::{Browser, Call, Reply, Watch};
pub use cloakroom_fake_provider::{Answer, FakeProvider, Kind, Mood, Person};

use crate::administration::{AccountView, Rank};
use crate::cloakroom::Cloakroom;
use crate::clock::Clock;
use crate::config::{Config, SecretUrl};
use crate::jobs::Sweeper;
use crate::pipeline::Step;
use crate::store::KeptMail;

/// The password of every account that a test adds.
pub const PASSWORD: &str = "correct-horse-battery";

/// A cloakroom over a database of its own, below its own layer.
pub struct TestApp {
    /// The cloakroom itself.
    pub cloakroom: Cloakroom,
    router: Router,
    clock: Clock,
    watch: Watch,
    sweeper: tokio::sync::Mutex<Sweeper>,
}

impl TestApp {
    /// Over the database that `config` names, with the routes of the cloakroom and the app's `own`.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn with(config: Config, own: Router) -> Self {
        Self::with_steps(config, own, &[]).await
    }

    /// The same with steps of your own, which `pipeline.steps` names.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn with_steps(config: Config, own: Router, steps: &[Arc<dyn Step>]) -> Self {
        let clock = Clock::Dial(Arc::default());
        let opened = Cloakroom::with_clock(config, clock.clone(), steps).await;
        let cloakroom = opened.expect("the cloakroom opens");
        let router = own.merge(cloakroom.router()).layer(cloakroom.layer());
        Self { cloakroom, router, clock, watch: |_, _, _| {}, sweeper: tokio::sync::Mutex::default() }
    }

    /// Every reply to its browsers is looked at by `watch`, which panics at one that should not be.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// A configuration for tests: SQLite or Postgres by `url`, at `http://localhost:3000`.
    ///
    /// # Panics
    /// Never: the secret is long enough.
    pub fn config(url: &str) -> Config {
        let mut config = Config::default();
        config.database.url = SecretUrl::from(url);
        config.mail.url = SecretUrl::from("mailbox:");
        "Acme <no-reply@acme.test>".clone_into(&mut config.mail.from);
        "Acme".clone_into(&mut config.app.name);
        config.secret = serde_json::from_value(Value::from("0123456789abcdef0123456789abcdef")).ok();
        config
    }

    /// Turns the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Turns the clock back, as happens to a machine's that went ahead.
    pub fn set_back(&self, duration: Duration) {
        self.clock.set_back(duration);
    }

    /// Lets this node's clock go ahead of the database's, as one does that is set wrong.
    pub fn run_ahead(&self, duration: Duration) {
        self.clock.run_ahead(duration);
    }

    /// Removes what has expired, as the job does once a minute; says how many rows went.
    ///
    /// # Panics
    /// When storage does not answer.
    pub async fn sweep(&self) -> u64 {
        self.sweeper.lock().await.sweep(self.cloakroom.context()).await.expect("storage answers")
    }

    /// Writes the events of failed sign-ins that wait, as the job does in the background.
    ///
    /// # Panics
    /// When storage does not answer.
    pub async fn write_attempts(&self) {
        let context = self.cloakroom.context();
        context.attempts().write(context.store()).await.expect("storage answers");
    }

    /// Every mail that has been sent, newest first, once the outbox is empty.
    ///
    /// # Panics
    /// When the outbox is not empty after ten seconds, or storage does not answer.
    pub async fn mails(&self) -> Vec<Mail> {
        for _ in 0..2000 {
            if !self.cloakroom.context().store().has_mail().await.expect("storage answers") {
                let kept = self.cloakroom.context().store().kept_mails().await.expect("storage answers");
                return kept.into_iter().map(Mail::from).collect();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the outbox does not empty");
    }

    /// The newest mail to `address`, once the outbox is empty.
    ///
    /// # Panics
    /// When there is none.
    pub async fn mail_to(&self, address: &str) -> Mail {
        let mails = self.mails().await;
        let found = mails.into_iter().find(|mail| mail.to == address);
        found.unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// Adds an account with the password [`PASSWORD`].
    ///
    /// # Panics
    /// When the address has one already.
    pub async fn add(&self, email: &str, rank: Rank) -> AccountView {
        self.cloakroom.administration().add(email, PASSWORD, rank).await.expect("the account is added")
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), self.cloakroom.config().public_url.origin(), self.watch)
    }

    /// A browser signed in as `email`.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.open_login_page().await;
        let reply = browser.login(email, PASSWORD).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        browser
    }
}

/// A mail, as its reader gets it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mail {
    /// The recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl From<KeptMail> for Mail {
    fn from(kept: KeptMail) -> Self {
        Self { to: kept.recipient, subject: kept.subject, text: kept.body_text, html: kept.body_html }
    }
}

impl Mail {
    /// The token of its link.
    ///
    /// # Panics
    /// When it has none.
    pub fn token(&self) -> String {
        let (_, rest) =
            self.text.split_once("#token=").unwrap_or_else(|| panic!("no token in {}", self.text));
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Its six digits.
    ///
    /// # Panics
    /// When it has none.
    pub fn code(&self) -> String {
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = self.text.lines().map(str::trim).find(is_code);
        code.unwrap_or_else(|| panic!("no code in {}", self.text)).to_owned()
    }
}
