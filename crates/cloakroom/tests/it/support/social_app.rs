//! An app with fake GitHub, Google and Facebook providers, each a server of its own.

use cloakroom::Config;
use cloakroom::testing::{Answer, Browser, FakeProvider, Kind, Mood, Person, Reply};
use serde_json::{Value, json};

use crate::support::app::{App, app_with};

/// An app and its providers.
pub(crate) struct SocialApp {
    pub(crate) app: App,
    providers: Vec<FakeProvider>,
}

impl std::ops::Deref for SocialApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

/// An app with the default configuration and all fake providers.
pub(crate) async fn social_app() -> SocialApp {
    social_app_with(|_| {}).await
}

/// An app with a changed configuration and all fake providers.
pub(crate) async fn social_app_with(change: impl FnOnce(&mut Config)) -> SocialApp {
    let providers = providers().await;
    let settings: Vec<_> = providers.iter().map(FakeProvider::configuration).collect();
    let app = app_with(|config| {
        config.provider = serde_json::from_value(settings.into()).unwrap();
        change(config);
    })
    .await;
    SocialApp { app, providers }
}

/// Starts one provider of each kind, on a port of its own.
pub(crate) async fn providers() -> Vec<FakeProvider> {
    let mut providers = Vec::new();
    for kind in Kind::ALL {
        providers.push(FakeProvider::listen(kind, "http://localhost:3000").await);
    }
    providers
}

impl SocialApp {
    pub(crate) fn over(app: App, providers: Vec<FakeProvider>) -> Self {
        Self { app, providers }
    }

    pub(crate) fn provider(&self, kind: Kind) -> &FakeProvider {
        self.providers.iter().find(|provider| provider.kind() == kind).unwrap()
    }

    /// Opens the login page in a new browser.
    pub(crate) async fn visitor(&self) -> Browser {
        let browser = self.browser();
        browser.open_login_page().await;
        browser
    }

    /// Starts a social attempt.
    pub(crate) async fn start(&self, browser: &Browser, kind: Kind, body: &Value) -> Reply {
        browser.post(&format!("/api/social/{}/start/", kind.id()), body).await
    }

    /// Starts a social attempt and lets the person consent at the provider.
    pub(crate) async fn consent(
        &self,
        browser: &Browser,
        kind: Kind,
        (body, person): (&Value, &Person),
    ) -> Answer {
        let started = self.start(browser, kind, body).await;
        assert_eq!(started.status, 200, "{}", started.text);
        let url = started.json()["url"].as_str().unwrap().to_owned();
        self.provider(kind).consent(&url, person, Mood::Well).unwrap()
    }

    /// Signs in with a provider, from start to callback.
    pub(crate) async fn sign_in(&self, browser: &Browser, kind: Kind, person: &Person) -> Reply {
        let answer = self.consent(browser, kind, (&json!({}), person)).await;
        post_callback(browser, kind, &answer).await
    }

    /// Links an identity to the signed-in account, from start to callback.
    pub(crate) async fn link(&self, browser: &Browser, kind: Kind, person: &Person) -> Reply {
        let answer = self.consent(browser, kind, (&json!({"intent": "link"}), person)).await;
        post_callback(browser, kind, &answer).await
    }

    /// Counts the accounts.
    pub(crate) async fn accounts(&self) -> usize {
        self.database.rows("users").await
    }
}

/// Posts a provider's answer, as the callback page does.
pub(crate) async fn post_callback(browser: &Browser, kind: Kind, answer: &Answer) -> Reply {
    let body = match &answer.error {
        Some(error) => json!({"error": error, "state": answer.state}),
        None => json!({"code": answer.code, "state": answer.state}),
    };
    browser.post(&format!("/api/social/{}/", kind.id()), &body).await
}

/// Returns `result` of a success, or the code of a problem.
pub(crate) fn outcome(reply: &Reply) -> String {
    let json = reply.json();
    json["result"].as_str().or(json["code"].as_str()).unwrap_or_default().to_owned()
}

/// Checks that the reply is this error and that it signed nobody in.
pub(crate) async fn assert_refused(browser: &Browser, reply: &Reply, code: &str) {
    assert_eq!(outcome(reply), code, "{}", reply.text);
    assert!(reply.status.is_client_error() || reply.status.is_server_error(), "{}", reply.status);
    assert!(reply.set_cookie("sessionid").is_none(), "{:?}", reply.headers);
    assert_eq!(browser.state().await, "anonymous");
}
