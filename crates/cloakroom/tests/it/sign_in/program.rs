//! Signing in by program, in a handler of the embedding app.

use axum::Router;
use axum::extract::Query;
use axum::response::Redirect;
use axum::routing::post;
use cloakroom::administration::Rank;
use cloakroom::testing::TestApp;
use cloakroom::{Cloakroom, Error, Login, LoginCookies, Method};
use serde::Deserialize;
use serde_json::json;

use crate::support::app::App;
use crate::support::conformance;
use crate::support::database::Database;
use crate::support::events::types;
use crate::support::people::{ADA, visitor};

const GRACE: &str = "grace@example.test";

/// A badge, read at a desk.
#[derive(Deserialize)]
struct Badge {
    owner: String,
}

/// The app's routes, made with the cloakroom as in its `main`.
fn routes(cloakroom: &Cloakroom) -> Router {
    let welcome = format!("/welcome-to-{}", cloakroom.config().app.name);
    let badge = async move |login: Login, Query(badge): Query<Badge>| {
        let (cookies, _) = login.sign_in(&badge.owner, Method::Social).await?;
        Ok::<(LoginCookies, Redirect), Error>((cookies, Redirect::to(&welcome)))
    };
    Router::new().route("/badge", post(badge))
}

async fn app() -> App {
    let database = Database::new().await;
    let app = TestApp::serving(TestApp::config(&database.url), routes).await;
    App { app: app.watched(conformance::check), database }
}

#[tokio::test]
async fn an_app_signs_somebody_in_after_a_proof_of_its_own() {
    let app = app().await;
    let ada = app.add(ADA, Rank::Plain).await;
    let browser = visitor(&app).await;
    let reply = browser.post(&format!("/badge?owner={}", ada.id), &json!({})).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["location"]),
        (303, &"/welcome-to-Acme".parse().unwrap())
    );
    let session = browser.get("/api/session/").await.json();
    assert_eq!((&session["user"]["email"], &session["amr"]), (&json!(ADA), &json!(["social"])));
    assert_eq!(types(&app).await, ["user.made", "sign_in.ok"]);
}

#[tokio::test]
async fn the_session_that_the_browser_had_ends() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let grace = app.add(GRACE, Rank::Plain).await;
    let browser = app.signed_in(ADA).await;
    let before = browser.cookie("sessionid").unwrap();
    assert_eq!(browser.post(&format!("/badge?owner={}", grace.id), &json!({})).await.status, 303);
    let planted = app.browser();
    planted.plant("sessionid", &before);
    assert_eq!(planted.get("/api/session/").await.json()["state"], "anonymous");
}

#[tokio::test]
async fn nobody_is_signed_in_to_an_account_that_is_deactivated_or_missing() {
    let app = app().await;
    let ada = app.add(ADA, Rank::Plain).await;
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    for (id, code) in [(ada.id.as_str(), "account_inactive"), ("nobody", "not_found")] {
        let browser = visitor(&app).await;
        assert_eq!(browser.post(&format!("/badge?owner={id}"), &json!({})).await.code(), code);
        assert_eq!(browser.get("/api/session/").await.json()["state"], "anonymous");
    }
}

#[tokio::test]
async fn a_forged_request_signs_nobody_in() {
    let app = app().await;
    let ada = app.add(ADA, Rank::Plain).await;
    let reply = app.browser().post(&format!("/badge?owner={}", ada.id), &json!({})).await;
    assert_eq!(reply.code(), "csrf_failed");
}
