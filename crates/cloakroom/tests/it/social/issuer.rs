//! Subjects belong to their issuer: after a provider's `issuer` changes, nobody is recognised by the old
//! subjects.

use axum::Router;
use cloakroom::administration::Rank;
use cloakroom::testing::{PASSWORD, TestApp};
use cloakroom::{Cloakroom, Config, Error};
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::conformance;
use crate::support::people::visitor;
use crate::support::scripted_provider::{ScriptedProvider, app_with_providers, sign_in_with_token, with};
use crate::support::social_app::outcome;

/// Returns the app's configuration with its provider `p0` at another issuer.
fn moved(app: &App, provider: &ScriptedProvider, changes: &Value) -> Config {
    let mut config = app.cloakroom.config().clone();
    let mut settings = provider.settings("p0");
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    config.provider = serde_json::from_value(json!([settings])).unwrap();
    config
}

async fn sign_up(app: &App, provider: &ScriptedProvider) {
    let browser = visitor(app).await;
    let reply = sign_in_with_token(&browser, provider, |claims| provider.key.token(&claims)).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}

#[tokio::test]
async fn finding_s8_a_start_with_another_issuer_is_refused() {
    let (old, new) = (ScriptedProvider::new().await, ScriptedProvider::new().await);
    let app = app_with_providers(std::slice::from_ref(&old)).await;
    // Nobody is linked yet, so the operator may choose freely.
    assert!(Cloakroom::new(moved(&app, &new, &json!({}))).await.is_ok());
    assert!(Cloakroom::new(moved(&app, &old, &json!({}))).await.is_ok());
    sign_up(&app, &old).await;
    let refused = Cloakroom::new(moved(&app, &new, &json!({}))).await.err().expect("it is refused");
    assert!(matches!(refused, Error::Config(_)), "{refused}");
    let text = refused.to_string();
    assert!(text.contains(&old.base) && text.contains(&new.base) && text.contains("same_subjects"), "{text}");
    // The old issuer still works. So does a renamed directory, once the operator confirms it.
    assert!(Cloakroom::new(moved(&app, &old, &json!({}))).await.is_ok());
    assert!(Cloakroom::new(moved(&app, &new, &json!({"same_subjects": true}))).await.is_ok());
}

#[tokio::test]
async fn finding_s8_a_renamed_directory_signs_its_people_in() {
    let (old, new) = (ScriptedProvider::new().await, ScriptedProvider::new().await);
    let app = app_with_providers(std::slice::from_ref(&old)).await;
    sign_up(&app, &old).await;
    let renamed = moved(&app, &new, &json!({"same_subjects": true}));
    let app = App {
        app: TestApp::with(renamed, Router::new()).await.watched(conformance::check),
        database: app.database,
    };
    let browser = visitor(&app).await;
    let reply = sign_in_with_token(&browser, &new, |claims| new.key.token(&claims)).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    assert_eq!(
        app.database.texts("SELECT issuer FROM cloakroom_identities").await,
        std::slice::from_ref(&new.base)
    );
}

/// The simplest attack: the same `sub` at another issuer.
#[tokio::test]
async fn finding_s8_the_same_subject_of_another_issuer_proves_the_account_first() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    sign_up(&app, &provider).await;
    assert_eq!(
        app.database.texts("SELECT issuer FROM cloakroom_identities").await,
        std::slice::from_ref(&provider.base)
    );
    app.database.change("UPDATE cloakroom_identities SET issuer = 'https://old.example'").await;
    let browser = visitor(&app).await;
    let stranger = |claims| provider.key.token(&with(claims, "email", json!("stranger@example.test")));
    let reply = sign_in_with_token(&browser, &provider, stranger).await;
    assert_eq!(outcome(&reply), "link_required", "{}", reply.text);
    assert!(!reply.text.contains("mary@example.test"), "{}", reply.text);
    assert_eq!(browser.state().await, "anonymous");
    let reply = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&reply), "invalid_credentials", "{}", reply.text);
    // The owner proves the account with a mailed code. From then on the identity belongs to the new issuer.
    assert_eq!(browser.post("/api/social/link/code/", &json!({})).await.status, 202);
    let code = app.mail_to("mary@example.test").await.code();
    let reply = browser.post("/api/social/link/", &json!({"code": code})).await;
    assert_eq!(outcome(&reply), "linked", "{}", reply.text);
    assert_eq!(
        app.database.texts("SELECT issuer FROM cloakroom_identities").await,
        std::slice::from_ref(&provider.base)
    );
    let browser = visitor(&app).await;
    let reply = sign_in_with_token(&browser, &provider, |claims| provider.key.token(&claims)).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
}

/// An identity from before issuers were recorded gets the issuer that the provider was started with.
#[tokio::test]
async fn finding_s8_an_identity_without_an_issuer_gets_it_when_it_is_used() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    sign_up(&app, &provider).await;
    app.database.change("UPDATE cloakroom_identities SET issuer = NULL").await;
    let reply =
        sign_in_with_token(&visitor(&app).await, &provider, |claims| provider.key.token(&claims)).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    assert_eq!(
        app.database.texts("SELECT issuer FROM cloakroom_identities").await,
        std::slice::from_ref(&provider.base)
    );
}

#[tokio::test]
async fn finding_s8_an_identity_of_another_issuer_is_no_proof_of_who_is_signed_in() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    let attempt = async |intent: &str| {
        let started = browser.post("/api/social/p0/start/", &json!({"intent": intent})).await;
        let url = url::Url::parse(started.json()["url"].as_str().unwrap()).unwrap();
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        provider.give(&provider.key.token(&provider.claims(&value("nonce"))));
        let answer = json!({"code": "code", "state": value("state")});
        outcome(&browser.post("/api/social/p0/", &answer).await)
    };
    assert_eq!(attempt("link").await, "linked");
    app.database.change("UPDATE cloakroom_identities SET issuer = 'https://old.example'").await;
    assert_eq!(attempt("reauthenticate").await, "other_user_signed_in");
    // The signed-in owner links it, and so vouches for it.
    assert_eq!(attempt("link").await, "linked");
    assert_eq!(attempt("reauthenticate").await, "signed_in");
}
