//! The app under test, on a database of its own. Every reply is checked against the OpenAPI document.

use axum::Router;
use cloakroom::Config;
use cloakroom::testing::TestApp;

use crate::support::conformance;
use crate::support::database::Database;

/// An app, and the database that it must not outlive.
pub(crate) struct App {
    pub(crate) app: TestApp,
    pub(crate) database: Database,
}

impl std::ops::Deref for App {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl App {
    /// Starts a second node on the same database.
    pub(crate) async fn another_node(&self) -> TestApp {
        TestApp::with(self.app.cloakroom.config().clone(), Router::new()).await.watched(conformance::check)
    }
}

/// An app with the default configuration.
pub(crate) async fn app() -> App {
    app_with(|_| {}).await
}

/// An app with a changed configuration.
pub(crate) async fn app_with(change: impl FnOnce(&mut Config)) -> App {
    embedded(change, Router::new()).await
}

/// An app reached under `https://auth.test`.
pub(crate) async fn https_app() -> App {
    app_with(|config| config.public_url = "https://auth.test".to_owned().try_into().unwrap()).await
}

/// An app without limits on attempts and mails, for tests of other things.
pub(crate) async fn app_without_limits() -> App {
    app_with(switch_limits_off).await
}

pub(crate) fn switch_limits_off(config: &mut Config) {
    let limits = &mut config.limits;
    for limit in [
        &mut limits.login_per_account,
        &mut limits.login_per_ip,
        &mut limits.mail_per_address,
        &mut limits.mail_per_ip,
    ] {
        limit.count = 0;
    }
}

/// An app that embeds the library and has routes of its own.
pub(crate) async fn embedded(change: impl FnOnce(&mut Config), routes: Router) -> App {
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    change(&mut config);
    App { app: TestApp::with(config, routes).await.watched(conformance::check), database }
}
