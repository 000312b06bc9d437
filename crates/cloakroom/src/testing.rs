//! Tools for tests of Cloakroom and of apps that embed it: an app with its own database, a browser with a cookie jar, a clock
//! that tests can turn.
//!
//! All requests use the public interface, as a browser does; only the clock is turned directly.
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

/// A cloakroom over a database of its own, as the layer around its own routes.
pub struct TestApp {
    /// The cloakroom itself.
    pub cloakroom: Cloakroom,
    router: Router,
    clock: Clock,
    watch: Watch,
    sweeper: tokio::sync::Mutex<Sweeper>,
}

impl TestApp {
    /// Opens the database that `config` names, and serves the routes of the cloakroom and the app's `own`.
    ///
    /// # Panics
    /// Panics when the database cannot be opened.
    pub async fn with(config: Config, own: Router) -> Self {
        Self::with_steps(config, own, &[]).await
    }

    /// Opens the app as [`TestApp::with`] does. `own` makes the app's routes with the cloakroom, as `main` does.
    ///
    /// # Panics
    /// Panics when the database cannot be opened.
    pub async fn serving(config: Config, own: impl FnOnce(&Cloakroom) -> Router) -> Self {
        Self::opened(config, &[], own).await
    }

    /// Opens the app as [`TestApp::with`] does, with steps of your own, which `pipeline.steps` names.
    ///
    /// # Panics
    /// Panics when the database cannot be opened.
    pub async fn with_steps(config: Config, own: Router, steps: &[Arc<dyn Step>]) -> Self {
        Self::opened(config, steps, |_| own).await
    }

    async fn opened(config: Config, steps: &[Arc<dyn Step>], own: impl FnOnce(&Cloakroom) -> Router) -> Self {
        let clock = Clock::Dial(Arc::default());
        let opened = Box::pin(Cloakroom::with_clock(config, clock.clone(), steps)).await;
        let cloakroom = opened.expect("the cloakroom opens");
        let router = own(&cloakroom).merge(cloakroom.router()).layer(cloakroom.layer());
        Self { cloakroom, router, clock, watch: |_, _, _| {}, sweeper: tokio::sync::Mutex::default() }
    }

    /// Passes every reply to its browsers to `watch`, which panics at a reply that should not be sent.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// Returns a configuration for tests: SQLite or Postgres by `url`, at `http://localhost:3000`.
    ///
    /// # Panics
    /// Never panics: the secret is long enough.
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

    /// Turns the clock back, as happens to a machine's clock that was ahead.
    pub fn set_back(&self, duration: Duration) {
        self.clock.set_back(duration);
    }

    /// Lets this node's clock run ahead of the database's, as a clock does that is set wrong.
    pub fn run_ahead(&self, duration: Duration) {
        self.clock.run_ahead(duration);
    }

    /// Removes expired rows, as the job does once a minute. Returns the number of rows.
    ///
    /// # Panics
    /// Panics when storage does not answer.
    pub async fn sweep(&self) -> u64 {
        self.sweeper.lock().await.sweep(self.cloakroom.context()).await.expect("storage answers")
    }

    /// Writes the pending events of failed sign-ins, as the job does in the background.
    ///
    /// # Panics
    /// Panics when storage does not answer.
    pub async fn write_attempts(&self) {
        let context = self.cloakroom.context();
        context.attempts().write(context.store()).await.expect("storage answers");
    }

    /// Returns every mail that was sent, newest first, once the outbox is empty.
    ///
    /// # Panics
    /// Panics when the outbox is not empty after ten seconds, or storage does not answer.
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

    /// Returns the newest mail to `address`, once the outbox is empty.
    ///
    /// # Panics
    /// Panics when there is none.
    pub async fn mail_to(&self, address: &str) -> Mail {
        let mails = self.mails().await;
        let found = mails.into_iter().find(|mail| mail.to == address);
        found.unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// Adds an account with the password [`PASSWORD`].
    ///
    /// # Panics
    /// Panics when the address already has an account.
    pub async fn add(&self, email: &str, rank: Rank) -> AccountView {
        self.cloakroom.administration().add(email, PASSWORD, rank).await.expect("the account is added")
    }

    /// Returns a browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), self.cloakroom.config().public_url.origin(), self.watch)
    }

    /// Returns a browser that is signed in as `email`.
    ///
    /// # Panics
    /// Panics when the sign-in fails.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.open_login_page().await;
        let reply = browser.login(email, PASSWORD).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        browser
    }
}

/// A mail, as its recipient gets it.
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
    /// Returns the token of its link.
    ///
    /// # Panics
    /// Panics when it has no token.
    pub fn token(&self) -> String {
        let (_, rest) =
            self.text.split_once("#token=").unwrap_or_else(|| panic!("no token in {}", self.text));
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Returns its six digits.
    ///
    /// # Panics
    /// Panics when it has no code.
    pub fn code(&self) -> String {
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = self.text.lines().map(str::trim).find(is_code);
        code.unwrap_or_else(|| panic!("no code in {}", self.text)).to_owned()
    }
}
