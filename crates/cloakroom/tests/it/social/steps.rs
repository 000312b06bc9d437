//! The pipeline: the order of its steps in the configuration, custom steps, and the webhook.

use std::os::unix::fs::PermissionsExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use cloakroom::Paused;
use cloakroom::administration::Rank;
use cloakroom::config::PipelineStep;
use cloakroom::pipeline::{Facts, Step, Verdict};
use cloakroom::testing::{FakeProvider, Kind, Person, TestApp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::app::App;
use crate::support::conformance;
use crate::support::database::Database;
use crate::support::social_app::{SocialApp, assert_refused, outcome, providers, social_app_with};

fn mary() -> Person {
    Person::verified("mary@example.test").named("Mary Newcomer")
}

fn steps(names: &[&str]) -> Vec<PipelineStep> {
    names.iter().map(|name| PipelineStep::Named((*name).to_owned())).collect()
}

#[tokio::test]
async fn joining_by_verified_address_happens_only_if_configured() {
    let app = social_app_with(|config| {
        let place =
            config.pipeline.steps.iter().position(|step| *step == PipelineStep::Named("create_user".into()));
        let joining = PipelineStep::Named("associate_by_verified_email".into());
        config.pipeline.steps.insert(place.unwrap(), joining);
    })
    .await;
    app.add("ada@example.test", Rank::Plain).await;
    let unverified =
        app.sign_in(&app.visitor().await, Kind::GitHub, &Person::unverified("ada@example.test")).await;
    assert_eq!(outcome(&unverified), "email_required", "nobody vouches for it");
    let facebook =
        app.sign_in(&app.visitor().await, Kind::Facebook, &Person::verified("ada@example.test")).await;
    assert_eq!(outcome(&facebook), "email_required", "Facebook vouches for nobody");
    let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &Person::verified("ada@example.test")).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    assert_eq!(reply.json()["user"]["email"], "ada@example.test");
    assert!(app.mail_to("ada@example.test").await.subject.contains("GitHub was linked"));
}

/// Python Social Auth's recipe for "existing users only".
#[tokio::test]
async fn without_create_user_nobody_new_gets_in() {
    let names =
        ["social_details", "social_uid", "auth_allowed", "social_user", "associate_user", "user_details"];
    let app = social_app_with(|config| config.pipeline.steps = steps(&names)).await;
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &mary()).await;
    assert_eq!(reply.status, 403);
    assert_refused(&browser, &reply, "signup_closed").await;
}

#[tokio::test]
async fn extra_data_is_kept_by_the_step_of_that_name() {
    for is_kept in [false, true] {
        let app = social_app_with(|config| {
            if is_kept {
                config.pipeline.steps.push(PipelineStep::Named("load_extra_data".into()));
            }
        })
        .await;
        app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await;
        let extra =
            app.database.texts("SELECT extra FROM cloakroom_identities WHERE extra IS NOT NULL").await;
        let is_there = extra.first().is_some_and(|extra| extra.contains("https://github.com/mary-newcomer"));
        assert_eq!(is_there, is_kept, "{extra:?}");
    }
}

/// `user_details` follows the provider's names, and leaves the account's own fields alone.
#[tokio::test]
async fn details_follow_the_provider_and_the_account_stays() {
    let app = social_app_with(|_| {}).await;
    let first = app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await.json();
    let renamed = mary().named("Mary Married").renamed("mary.new@example.test");
    let second = app.sign_in(&app.visitor().await, Kind::GitHub, &renamed).await.json();
    assert_eq!(first["user"], second["user"]);
    assert_eq!(app.database.texts("SELECT label FROM cloakroom_identities").await, ["mary-married"]);
}

/// A step that asks new users for their company.
struct Company;

impl Step for Company {
    fn name(&self) -> &'static str {
        "company"
    }

    fn decide<'a>(&'a self, facts: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            match facts.answers.get("company").and_then(Value::as_str) {
                Some(company) if !company.is_empty() => Verdict::Continue,
                _ if facts.user_id.is_some() => Verdict::Continue,
                _ => Verdict::Pause(json!({"field": "company"})),
            }
        })
    }
}

/// A step that counts its calls, and refuses people without a name.
#[derive(Default)]
struct Named(AtomicU32);

impl Step for Named {
    fn name(&self) -> &'static str {
        "named"
    }

    fn decide<'a>(&'a self, facts: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let is_named = facts.name.as_deref() != Some("nobody");
        Box::pin(async move { if is_named { Verdict::Continue } else { Verdict::Reject } })
    }
}

async fn answer(paused: Paused, Json(answer): Json<Value>) -> Response {
    paused.answer(answer).await
}

/// An app with both steps, and a route that takes the answer.
async fn app_with_steps(named: Arc<Named>) -> SocialApp {
    let providers = providers().await;
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    let settings: Vec<_> = providers.iter().map(FakeProvider::configuration).collect();
    config.provider = serde_json::from_value(settings.into()).unwrap();
    let place =
        config.pipeline.steps.iter().position(|step| *step == PipelineStep::Named("create_user".into()));
    let own = |name: &str| PipelineStep::Own { own: name.to_owned() };
    config.pipeline.steps.insert(place.unwrap(), own("company"));
    config.pipeline.steps.insert(0, own("named"));
    let door = Router::new().route("/api/company/", post(answer));
    let steps: [Arc<dyn Step>; 2] = [Arc::new(Company), named];
    let app = TestApp::with_steps(config, door, &steps).await.watched(conformance::check);
    SocialApp::over(App { app, database }, providers)
}

#[tokio::test]
async fn a_custom_step_asks_for_another_field_and_continues_in_the_same_browser() {
    let named: Arc<Named> = Arc::default();
    let app = app_with_steps(Arc::clone(&named)).await;
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &mary()).await;
    assert_eq!((reply.status.as_u16(), outcome(&reply)), (200, "input_required".into()), "{}", reply.text);
    assert_eq!(
        (&reply.json()["step"], &reply.json()["asked"]),
        (&json!("company"), &json!({"field": "company"}))
    );
    assert_eq!((browser.state().await, app.accounts().await), ("anonymous".into(), 0));
    let elsewhere = app.visitor().await;
    let acme = json!("Acme");
    assert_refused(&elsewhere, &elsewhere.post("/api/company/", &acme).await, "state_missing").await;
    let empty = browser.post("/api/company/", &json!("")).await;
    assert_eq!(outcome(&empty), "input_required", "{}", empty.text);
    let reply = browser.post("/api/company/", &acme).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(browser.state().await, "authenticated");
    assert_eq!(named.0.load(Ordering::Relaxed), 1, "what came before the pause is not asked again");
    let again = app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await;
    assert_eq!(outcome(&again), "signed_in", "{}", again.text);
    assert_eq!(browser.post("/api/company/", &acme).await.code(), "state_missing");
}

#[tokio::test]
async fn a_custom_step_can_refuse() {
    let app = app_with_steps(Arc::default()).await;
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &mary().named("nobody")).await;
    assert_eq!(reply.status, 403);
    assert_refused(&browser, &reply, "not_allowed").await;
    assert_eq!(app.accounts().await, 0);
}

const KEY: &str = "a-key-of-more-than-thirty-two-bytes";

/// A webhook with the requests that it got and the reply that it gives.
#[derive(Clone)]
struct Hook {
    seen: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    reply: Arc<Mutex<(u16, &'static str)>>,
}

async fn decide(State(hook): State<Hook>, headers: HeaderMap, body: String) -> Response {
    hook.seen.lock().unwrap().push((headers, body));
    let (status, body) = *hook.reply.lock().unwrap();
    if body == "silence" {
        std::future::pending::<()>().await;
    }
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

async fn hooked() -> (SocialApp, Hook) {
    let hook =
        Hook { seen: Arc::default(), reply: Arc::new(Mutex::new((200, r#"{"verdict": "continue"}"#))) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(decide)).with_state(hook.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let directory = tempfile::tempdir().unwrap();
    let secret_file = directory.path().join("hook.key");
    std::fs::write(&secret_file, KEY).unwrap();
    std::fs::set_permissions(&secret_file, PermissionsExt::from_mode(0o600)).unwrap();
    let app = social_app_with(|config| {
        config.pipeline.steps.push(PipelineStep::Webhook { webhook: url, secret_file });
    });
    (app.await, hook)
}

#[tokio::test]
async fn a_webhook_is_asked_with_a_signature_and_may_say_yes() {
    let (app, hook) = hooked().await;
    let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &mary()).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    let (headers, body) = hook.seen.lock().unwrap().remove(0);
    let asked: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&asked["provider"], &asked["email"]), (&json!("github"), &json!("mary@example.test")));
    assert_eq!((&asked["intent"], &asked["is_new"]), (&json!("login"), &json!(true)));
    let signature = headers["x-cloakroom-signature"].to_str().unwrap();
    let (time, signature) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let expected: Vec<String> =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signature, expected.concat());
    assert_eq!(headers["content-type"], "application/json");
}

/// The webhook must say yes. The last case takes its time limit of five seconds.
#[tokio::test]
async fn a_webhook_that_does_not_say_yes_lets_nobody_in() {
    let (app, hook) = hooked().await;
    for answer in [
        (200, r#"{"verdict": "reject"}"#),
        (200, r#"{"verdict": true}"#),
        (200, r#"{"verdict": "yes"}"#),
        (200, "continue"),
        (204, ""),
        (302, r#"{"verdict": "continue"}"#),
        (500, r#"{"verdict": "continue"}"#),
        (200, "silence"),
    ] {
        *hook.reply.lock().unwrap() = answer;
        let browser = app.visitor().await;
        let reply = app.sign_in(&browser, Kind::GitHub, &mary()).await;
        assert_eq!(reply.status, 403, "{answer:?}: {}", reply.text);
        assert_refused(&browser, &reply, "not_allowed").await;
    }
    assert_eq!(app.accounts().await, 0);
}
