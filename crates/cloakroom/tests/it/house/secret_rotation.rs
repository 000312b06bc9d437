//! Rotation of the secret while people are signed in: what the previous secret made is accepted until that
//! secret is removed.

use axum::Router;
use cloakroom::Config;
use cloakroom::administration::Rank;
use cloakroom::config::{Secret, SecretUrl};
use cloakroom::testing::{PASSWORD, TestApp};
use serde_json::json;

use crate::support::database::Database;
use crate::support::people::{ADA, same_browser_at};

const NEW: &str = "a-new-secret-of-32-bytes-or-more-";

fn rotated(config: &Config) -> Config {
    let mut rotated = config.clone();
    rotated.secret_previous = rotated.secret.replace(Secret::from(NEW.to_owned()));
    rotated
}

async fn app(config: Config) -> TestApp {
    TestApp::with(config, Router::new()).await
}

#[tokio::test]
async fn finding_s20_open_pages_codes_and_links_survive_a_change_of_the_secret() {
    let database = Database::new().await;
    let config = TestApp::config(&database.url);
    let before = app(config.clone()).await;
    before.add(ADA, Rank::Plain).await;
    let (page, by_code) = (before.signed_in(ADA).await, before.browser());
    by_code.open_login_page().await;
    assert_eq!(by_code.signup("grace@example.test", PASSWORD).await.status, 202);
    let code = before.mail_to("grace@example.test").await.code();

    let after = app(rotated(&config)).await;
    let page = same_browser_at(&after, &page);
    // The CSRF token fits, so the reply to a GET leaves it alone.
    let session = page.get("/api/session/").await;
    assert!(session.set_cookie("csrftoken").is_none(), "{:?}", session.headers);
    assert_eq!(page.post("/api/logout/", &json!({})).await.status, 200, "its csrftoken is accepted");
    let by_code = same_browser_at(&after, &by_code);
    let verified =
        by_code.post("/api/email/verify/", &json!({"email": "grace@example.test", "code": code})).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    // Tokens made now use the new secret, and stay valid once the old one is gone.
    let fresh = after.signed_in(ADA).await;
    let mut last = rotated(&config);
    last.secret_previous = None;
    let last = app(last).await;
    assert_eq!(same_browser_at(&last, &fresh).post("/api/logout/", &json!({})).await.status, 200);
    assert_eq!(same_browser_at(&last, &page).get("/api/session/").await.status, 200);
}

/// A waiting mail is written by a server with the new secret. Its link and code match what storage holds.
#[tokio::test]
async fn finding_s20_a_mail_that_waits_while_the_secret_is_changed_has_a_good_link_and_code() {
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    config.mail.url = SecretUrl::from("smtp://127.0.0.1:1");
    let before = app(config.clone()).await;
    before.add(ADA, Rank::Plain).await;
    let browser = before.browser();
    browser.open_login_page().await;
    assert_eq!(browser.signup("grace@example.test", PASSWORD).await.status, 202);
    assert_eq!(browser.post("/api/password/reset/", &json!({"email": ADA})).await.status, 202);
    let waits = "SELECT id FROM cloakroom_outbox WHERE attempts > 0";
    for _ in 0..500 {
        if database.texts(waits).await.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    before.cloakroom.close().await;
    database.change("UPDATE cloakroom_outbox SET due_at = 0").await;

    config.mail.url = SecretUrl::from("mailbox:");
    let after = app(rotated(&config)).await;
    let reset = after.mail_to(ADA).await.token();
    let checked = after.browser();
    checked.open_login_page().await;
    assert_eq!(checked.post("/api/password/reset/check/", &json!({"token": reset})).await.status, 200);
    let code = after.mail_to("grace@example.test").await.code();
    let browser = same_browser_at(&after, &browser);
    let verified =
        browser.post("/api/email/verify/", &json!({"email": "grace@example.test", "code": code})).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
}

#[tokio::test]
async fn finding_s20_counted_attempts_survive_a_change_of_the_secret() {
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    config.limits.login_per_account = "2/15m".parse().unwrap();
    let before = app(config.clone()).await;
    before.add(ADA, Rank::Plain).await;
    let after = app(rotated(&config)).await;
    for (app, status) in [(&before, 400), (&before, 400), (&after, 429)] {
        let browser = app.browser();
        browser.open_login_page().await;
        assert_eq!(browser.login(ADA, "wrong").await.status, status);
    }
}

#[test]
fn finding_s20_the_previous_secret_is_checked_like_the_current_one_and_never_shown() {
    let mut config = TestApp::config("sqlite:x.db");
    config.secret_previous = Some(Secret::from("hunter2-short".to_owned()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = runtime.block_on(cloakroom::Cloakroom::new(config.clone())).map(drop).unwrap_err().to_string();
    assert!(told.contains("`secret_previous`: has 13 bytes and needs at least 32"), "{told}");
    assert!(!format!("{config:?}{}", serde_json::to_string(&config).unwrap()).contains("hunter2"));
}
