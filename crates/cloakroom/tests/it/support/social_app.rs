//! An app at which one can sign in with a fake GitHub, Google and Facebook, each a server of its own.

use cloakroom::Config;
use cloakroom::testing::{Answer, Browser, FakeProvider, Kind, Mood, Person, Reply};
use serde_json::{Value, json};

use crate::support::app::{App, app_with};

/// The app and its providers.
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

/// An app with the defaults.
pub(crate) async fn social_app() -> SocialApp {
    social_app_with(|_| {}).await
}

/// An app with a changed configuration, its providers in it.
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

/// One of each kind, at ports of their own.
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

    /// A browser that has opened a page.
    pub(crate) async fn visitor(&self) -> Browser {
        let browser = self.browser();
        browser.open_login_page().await;
        browser
    }

    /// Asks where to go.
    pub(crate) async fn start(&self, browser: &Browser, kind: Kind, body: &Value) -> Reply {
        browser.post(&format!("/api/social/{}/start/", kind.id()), body).await
    }

    /// The same, and what the person does there.
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

    /// A whole sign-in.
    pub(crate) async fn sign_in(&self, browser: &Browser, kind: Kind, person: &Person) -> Reply {
        let answer = self.consent(browser, kind, (&json!({}), person)).await;
        post_callback(browser, kind, &answer).await
    }

    /// A whole link.
    pub(crate) async fn link(&self, browser: &Browser, kind: Kind, person: &Person) -> Reply {
        let answer = self.consent(browser, kind, (&json!({"intent": "link"}), person)).await;
        post_callback(browser, kind, &answer).await
    }

    /// The number of accounts.
    pub(crate) async fn accounts(&self) -> usize {
        self.database.rows("users").await
    }
}

/// What the callback page does.
pub(crate) async fn post_callback(browser: &Browser, kind: Kind, answer: &Answer) -> Reply {
    let body = match &answer.error {
        Some(error) => json!({"error": error, "state": answer.state}),
        None => json!({"code": answer.code, "state": answer.state}),
    };
    browser.post(&format!("/api/social/{}/", kind.id()), &body).await
}

/// The result on the wire, or the code of the problem.
pub(crate) fn outcome(reply: &Reply) -> String {
    let json = reply.json();
    json["result"].as_str().or(json["code"].as_str()).unwrap_or_default().to_owned()
}

/// Nobody was signed in by this.
pub(crate) async fn assert_refused(browser: &Browser, reply: &Reply, code: &str) {
    assert_eq!(outcome(reply), code, "{}", reply.text);
    assert!(reply.status.is_client_error() || reply.status.is_server_error(), "{}", reply.status);
    assert!(reply.set_cookie("sessionid").is_none(), "{:?}", reply.headers);
    assert_eq!(browser.state().await, "anonymous");
}
