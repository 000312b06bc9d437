//! Providers that lie, break and lead astray: nobody is signed in by them, and nothing of ours is called for them.

mod certified;
mod documented;
mod endpoints;
mod id_token;
mod kinds;
mod quirks;

use cloakroom::testing::{Browser, Reply as Answer};
use serde_json::{Value, json};

use crate::support::database::{App, app_with};
use crate::support::hostile::Hostile;

/// An app with these providers, called `p0`, `p1` and so on.
pub(crate) async fn app_of(hostiles: &[Hostile]) -> App {
    let settings: Vec<Value> =
        hostiles.iter().enumerate().map(|(index, hostile)| hostile.settings(&format!("p{index}"))).collect();
    app_with(|config| config.provider = serde_json::from_value(settings.into()).unwrap()).await
}

pub(crate) async fn visitor(app: &App) -> Browser {
    let browser = app.browser();
    browser.open_login_page().await;
    browser
}

pub(crate) async fn start(browser: &Browser, id: &str) -> Answer {
    browser.post(&format!("/api/social/{id}/start/"), &json!({})).await
}

/// Begins an attempt: its state and its nonce.
pub(crate) async fn begin(browser: &Browser, id: &str) -> (String, String) {
    let started = start(browser, id).await;
    assert_eq!(started.status, 200, "{}", started.text);
    let url = url::Url::parse(started.json()["url"].as_str().unwrap()).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    (value("state"), value("nonce"))
}

pub(crate) async fn finish(browser: &Browser, id: &str, state: &str) -> Answer {
    browser.post(&format!("/api/social/{id}/"), &json!({"code": "code", "state": state})).await
}

/// Begins an attempt, lets the provider give the token that `make` makes of good claims, and finishes.
pub(crate) async fn given(
    browser: &Browser,
    hostile: &Hostile,
    make: impl FnOnce(Value) -> String,
) -> Answer {
    let (state, nonce) = begin(browser, "p0").await;
    hostile.give(&make(hostile.claims(&nonce)));
    finish(browser, "p0", &state).await
}

pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

pub(crate) fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}
