//! Pauses of the pipeline: what they keep, how long they last, and whom they belong to
//! (`flow/social/pause.rs`).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use cloakroom::Paused;
use cloakroom::administration::Rank;
use cloakroom::config::PipelineStep;
use cloakroom::pipeline::{Facts, Step, Verdict};
use cloakroom::testing::{Browser, FakeProvider, Kind, PASSWORD, Person, TestApp};
use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::conformance;
use crate::support::database::Database;
use crate::support::social_app::{SocialApp, outcome, post_callback, providers, social_app};

/// A step that asks everybody once, whatever they signed in for.
struct Terms;

impl Step for Terms {
    fn name(&self) -> &'static str {
        "terms"
    }

    fn decide<'a>(&'a self, facts: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            match facts.answers.get("terms") {
                Some(Value::Bool(true)) => Verdict::Continue,
                _ => Verdict::Pause(json!("the terms")),
            }
        })
    }
}

async fn agree(paused: Paused, Json(answer): Json<Value>) -> Response {
    paused.answer(answer).await
}

/// An app with that step before `step`.
async fn app_with_terms(before: &str) -> SocialApp {
    let providers = providers().await;
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    let settings: Vec<_> = providers.iter().map(FakeProvider::configuration).collect();
    config.provider = serde_json::from_value(settings.into()).unwrap();
    let named = PipelineStep::Named(before.to_owned());
    let place = config.pipeline.steps.iter().position(|step| *step == named).unwrap();
    config.pipeline.steps.insert(place, PipelineStep::Own { own: "terms".to_owned() });
    let door = Router::new().route("/api/terms/", post(agree));
    let steps: [Arc<dyn Step>; 1] = [Arc::new(Terms)];
    let app = TestApp::with_steps(config, door, &steps).await.watched(conformance::check);
    SocialApp::over(App { app, database }, providers)
}

async fn say_yes(browser: &Browser) -> String {
    let reply = browser.post("/api/terms/", &json!(true)).await;
    outcome(&reply)
}

async fn owners(app: &SocialApp) -> Vec<String> {
    let owners = "SELECT u.email FROM cloakroom_identities i JOIN cloakroom_users u ON u.id = i.user_id ORDER BY i.provider";
    app.database.texts(owners).await
}

fn mary() -> Person {
    Person::verified("mary@example.test")
}

/// Facts that our own steps found before a pause are found again after it.
#[tokio::test]
async fn a_pause_forgets_neither_the_identity_nor_whose_account_it_is() {
    for before in ["create_user", "associate_user"] {
        let app = app_with_terms(before).await;
        let browser = app.visitor().await;
        assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &mary()).await), "input_required");
        assert_eq!(say_yes(&browser).await, "signed_up", "{before}");
        let again = app.visitor().await;
        assert_eq!(outcome(&app.sign_in(&again, Kind::GitHub, &mary()).await), "input_required");
        assert_eq!(say_yes(&again).await, "signed_in", "{before}");

        let ada = app.add("ada@example.test", Rank::Plain).await;
        let browser = app.signed_in("ada@example.test").await;
        // The address at the provider is nobody's here, so it is still Ada who links it.
        let other = Person::verified("countess@example.test");
        assert_eq!(outcome(&app.link(&browser, Kind::Google, &other).await), "input_required");
        let linked = browser.post("/api/terms/", &json!(true)).await;
        assert_eq!(outcome(&linked), "linked", "{before}: {}", linked.text);
        assert_eq!(linked.json()["user"]["id"], ada.id);
        assert_eq!(owners(&app).await, ["mary@example.test", "ada@example.test"]);
        assert_eq!(app.accounts().await, 2);

        // A link that a signed-in user began ends with the session.
        let facebook = Person::verified("face@example.test");
        assert_eq!(outcome(&app.link(&browser, Kind::Facebook, &facebook).await), "input_required");
        browser.login("ada@example.test", PASSWORD).await;
        assert_eq!(say_yes(&browser).await, "linked", "the same one");
        let github = Person { key: "second".into(), ..mary() };
        assert_eq!(outcome(&app.link(&browser, Kind::GitHub, &github).await), "input_required");
        app.add("eve@example.test", Rank::Plain).await;
        browser.login("eve@example.test", PASSWORD).await;
        assert_eq!(say_yes(&browser).await, "state_missing", "somebody else");
    }
}

/// An account proven by password stays proven when a later step asks for more.
#[tokio::test]
async fn a_proof_outlives_the_pause_of_a_later_step() {
    let app = app_with_terms("associate_user").await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.visitor().await;
    let ada = Person::verified("ada@example.test");
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &ada).await), "link_required");
    let proven = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_eq!(outcome(&proven), "input_required", "{}", proven.text);
    assert_eq!(say_yes(&browser).await, "linked");
    assert_eq!(owners(&app).await, ["ada@example.test"]);
}

/// A mailed code is valid as long as its mail says, even if it was requested late. A sign-in is not.
#[tokio::test]
async fn a_code_requested_late_is_valid_for_its_ten_minutes() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let ada = Person::verified("ada@example.test");
    for (late, by_code) in [(9, "linked"), (11, "state_missing")] {
        let browser = app.visitor().await;
        let person = Person { key: format!("ada-{late}"), ..ada.clone() };
        assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &person).await), "link_required");
        app.advance(Duration::from_mins(9));
        assert_eq!(browser.post("/api/social/link/code/", &json!({})).await.status, 202);
        let code = app.mail_to("ada@example.test").await.code();
        app.advance(Duration::from_mins(late));
        browser.login("ada@example.test", PASSWORD).await;
        let by_session = browser.post("/api/social/link/", &json!({})).await;
        assert_eq!(outcome(&by_session), "state_missing", "{late}: {}", by_session.text);
        let reply = browser.post("/api/social/link/", &json!({"code": code})).await;
        assert_eq!(outcome(&reply), by_code, "{late}: {}", reply.text);
    }
}

/// A proof in another browser drops the pending identity, and nothing is left in the first browser.
#[tokio::test]
async fn a_proof_elsewhere_leaves_nothing_waiting() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let noor = Person::without_email("noor");
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &noor).await), "email_required");
    let address = json!({"email": "noor@example.test"});
    assert_eq!(browser.post("/api/social/email/", &address).await.status, 202);
    let token = app.mail_to("noor@example.test").await.token();
    let elsewhere = app.visitor().await;
    let proof = json!({"token": token, "password": PASSWORD});
    assert_eq!(elsewhere.post("/api/email/verify/", &proof).await.status, 200);
    let other = json!({"email": "other@example.test"});
    assert_eq!(browser.post("/api/social/email/", &other).await.code(), "state_missing");
    assert_eq!(app.database.rows("challenges").await, 0);
    assert_eq!(app.database.rows("identities").await, 0);
}

/// Nothing is left over in the same browser either.
#[tokio::test]
async fn a_finished_signup_leaves_nothing_waiting() {
    let app = social_app().await;
    let browser = app.visitor().await;
    app.sign_in(&browser, Kind::GitHub, &Person::without_email("noor")).await;
    let address = json!({"email": "noor@example.test"});
    assert_eq!(browser.post("/api/social/email/", &address).await.status, 202);
    let token = app.mail_to("noor@example.test").await.token();
    assert_eq!(browser.post("/api/email/verify/", &json!({"token": token})).await.status, 200);
    assert_eq!(app.database.rows("challenges").await, 0);
    assert_eq!(app.database.rows("identities").await, 1);
}

/// O06, O26: what is pending for one person ends when another one signs in to the browser, in any way.
#[tokio::test]
async fn o06_pending_states_end_when_somebody_else_signs_in() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    app.add("eve@example.test", Rank::Plain).await;
    let ada = Person::verified("ada@example.test");
    // By password, and by provider.
    let eve = Person::verified("eve.elsewhere@example.test");
    app.link(&app.signed_in("eve@example.test").await, Kind::Google, &eve).await;
    for is_by_provider in [false, true] {
        let browser = app.visitor().await;
        assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &ada).await), "link_required");
        if is_by_provider {
            assert_eq!(outcome(&app.sign_in(&browser, Kind::Google, &eve).await), "signed_in");
        } else {
            assert_eq!(browser.login("eve@example.test", PASSWORD).await.status, 200);
        }
        let reply = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
        assert_eq!(outcome(&reply), "state_missing", "{}", reply.text);
    }
    // An attempt to link ends with its session, even if the same user comes back.
    let browser = app.signed_in("ada@example.test").await;
    let link = json!({"intent": "link"});
    let answer = app.consent(&browser, Kind::GitHub, (&link, &ada)).await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::Google, &eve).await), "signed_in");
    app.link(&app.signed_in("ada@example.test").await, Kind::Facebook, &ada).await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::Facebook, &ada).await), "signed_in");
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &answer).await), "state_mismatch");
}

/// P03, P05: clients that always send a body, and paths that are not text.
#[tokio::test]
async fn an_empty_object_beside_the_query_and_paths_that_are_no_text() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let answer = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    let path = format!("/api/social/github/?code={}&state={}", answer.code.unwrap(), answer.state);
    assert_eq!(outcome(&browser.post(&path, &json!({})).await), "signed_up");
    for path in ["/api/social/%ff/", "/api/social/%ff/start/"] {
        let reply = browser.post(path, &json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "not_found".to_owned()), "{path}");
    }
}

/// A remembered session at the provider proves little, so the provider is asked to authenticate again where
/// it supports that.
#[tokio::test]
async fn for_a_reauthentication_the_provider_is_asked_to_authenticate_again() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    for (kind, asks) in [(Kind::Google, "max_age=0"), (Kind::Facebook, "auth_type=reauthenticate")] {
        for (intent, is_asked) in [("login", false), ("link", false), ("reauthenticate", true)] {
            let reply = app.start(&browser, kind, &json!({"intent": intent})).await;
            assert_eq!(reply.json()["url"].as_str().unwrap().contains(asks), is_asked, "{intent}");
        }
    }
}
