//! Errors are problem documents and reveal no implementation details (P05).

use std::time::Duration;

use cloakroom::testing::PASSWORD;
use http::Method;
use serde_json::json;

use super::{app_and_page, assert_problem};
use crate::support::app::app;
use crate::support::people::ADA;

#[tokio::test]
async fn p05_every_error_is_a_problem() {
    let (_app, browser) = app_and_page().await;
    let wrong = json!({"email": ADA, "password": "wrong-horse-battery"});
    assert_problem(&browser.post("/api/login/", &wrong).await, 400, "invalid_credentials", "400");
    assert_problem(&browser.get("/api/users/profile/").await, 401, "not_authenticated", "401");
    let unguarded = browser.call(&Method::POST, "/api/login/").json(&wrong).without("x-csrftoken");
    assert_problem(&unguarded.send().await, 403, "csrf_failed", "403");
    let form =
        browser.call(&Method::POST, "/api/login/").body("email=x").header("content-type", "text/plain");
    assert_problem(&form.send().await, 415, "unsupported_media_type", "415");
    assert_problem(&browser.post("/api/login/", &json!({})).await, 422, "validation_failed", "422");
    let limited = app().await;
    let browser = limited.browser();
    browser.open_login_page().await;
    for _ in 0..10 {
        browser.login(ADA, "wrong-horse-battery").await;
    }
    assert_problem(&browser.login(ADA, PASSWORD).await, 429, "rate_limited", "429");
}

/// Hints tell developers what to do. In production they would help attackers.
#[tokio::test]
async fn p05_hints_are_for_development_only() {
    let (_app, browser) = app_and_page().await;
    let reply = browser.call(&Method::POST, "/api/login/").without("x-csrftoken").send().await;
    assert_eq!(reply.code(), "csrf_failed");
    assert!(reply.json().get("hint").is_none(), "{}", reply.text);
    let directory = tempfile::tempdir().unwrap();
    let config = cloakroom::Config::development(directory.path(), 3000).unwrap();
    let development = cloakroom::testing::TestApp::with(config, axum::Router::new())
        .await
        .watched(crate::support::conformance::check);
    let browser = development.browser();
    browser.open_login_page().await;
    let reply = browser.call(&Method::POST, "/api/login/").without("x-csrftoken").send().await;
    assert_eq!(reply.json()["hint"], "Send the csrftoken cookie's value in the X-CSRFToken header.");
}

#[tokio::test]
async fn finding_u7_the_hint_says_what_to_set_when_the_page_is_at_another_address() {
    let directory = tempfile::tempdir().unwrap();
    let config = cloakroom::Config::development(directory.path(), 3000).unwrap();
    let development = cloakroom::testing::TestApp::with(config, axum::Router::new())
        .await
        .watched(crate::support::conformance::check);
    let browser = development.browser();
    browser.open_login_page().await;
    let hint = async |name, value: &str| {
        let call = browser.call(&Method::POST, "/api/login/").without("origin").header(name, value);
        call.send().await.json()["hint"].as_str().unwrap().to_owned()
    };
    // As sent through Vite's proxy. The guide for Vite names the variable.
    for (name, value) in
        [("origin", "http://localhost:5173"), ("referer", "http://localhost:5173/login?next=/")]
    {
        assert_eq!(
            hint(name, value).await,
            "The page is at http://localhost:5173, and public_url is http://localhost:3000. Start the server with \
             CLOAKROOM_PUBLIC_URL=http://localhost:5173, or open the app at http://localhost:3000."
        );
    }
    for foreign in ["null", "https://evil.test", "http://localhost.evil.test"] {
        let hint = hint("origin", foreign).await;
        assert!(hint.contains("CLOAKROOM_PUBLIC_URL") && !hint.contains(foreign), "{hint}");
    }
}

#[tokio::test]
async fn p05_missing_storage_is_503_and_reveals_nothing() {
    let (app, browser) = app_and_page().await;
    let ada = app.signed_in(ADA).await;
    app.cloakroom.close().await;
    app.advance(Duration::from_mins(1));
    for reply in [
        browser.login(ADA, PASSWORD).await,
        ada.get("/api/users/profile/").await,
        ada.get("/api/session/").await,
        ada.post("/api/logout/", &json!({})).await,
    ] {
        assert_problem(&reply, 503, "unavailable", "no storage");
        assert_eq!(reply.headers["retry-after"], "2");
        assert!(!reply.headers.contains_key("set-cookie"), "nobody is signed out by that");
    }
    assert!(!app.cloakroom.is_ready().await);
    assert_eq!(browser.open_login_page().await.status, 200, "what needs no storage works");
}
