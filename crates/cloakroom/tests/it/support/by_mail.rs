//! What the tests of the flows by mail share.

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Reply, TestApp};
use serde_json::{Value, json};

use crate::support::database::{App, app_with};
use crate::support::sink::Sink;

pub(crate) const ADA: &str = "ada@example.test";
pub(crate) const EVE: &str = "eve@example.test";
pub(crate) const NEW: &str = "another-horse-battery";
pub(crate) const WRONG: &str = "wrong-horse-battery";
pub(crate) const PROFILE: &str = "/api/users/profile/";
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// New passwords that no call takes for the account of `eve@example.test`, and what each is told.
pub(crate) fn bad_passwords() -> Vec<(String, &'static str)> {
    let mut bad: Vec<(String, &'static str)> = [
        "1234567890",
        "qwertyuiop",
        "1q2w3e4r5t",
        "basketball",
        "PASSWORD123",
        "tinkerbell",
        "1qaz2wsx3edc",
        "0123456789",
        "qwerty123456",
        "zaq12wsxcde3",
        "password1234",
        "university",
        "manchester",
        "liverpool1",
        "washington",
        "chocolate1",
        "charlotte1",
        "christopher",
        "9876543210",
        "iloveyou123",
    ]
    .into_iter()
    .map(|common| (common.to_owned(), "too_common"))
    .collect();
    bad.extend([
        (String::new(), "required"),
        ("xylophone".to_owned(), "too_short"),
        ("x".repeat(257), "too_long"),
        ("x".repeat(60_000), "too_long"),
        ("eve@example.test".to_owned(), "too_similar"),
        ("Example.Test-Eve!".to_owned(), "too_similar"),
    ]);
    bad
}

/// A browser that has opened a page.
pub(crate) async fn page(app: &TestApp) -> Browser {
    let browser = app.browser();
    browser.open_login_page().await;
    browser
}

/// The same, several times, to be sent off at once.
pub(crate) async fn pages(app: &TestApp, count: usize) -> Vec<Arc<Browser>> {
    let mut browsers = Vec::with_capacity(count);
    for _ in 0..count {
        browsers.push(Arc::new(page(app).await));
    }
    browsers
}

/// An app in which no limit stands in the way, with Ada.
pub(crate) async fn app_with_ada() -> App {
    let app = crate::support::database::app_without_limits().await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// The same, mailing to a real server.
pub(crate) async fn app_with_ada_and(sink: &Sink) -> App {
    let url = format!("smtp://127.0.0.1:{}", sink.port());
    let app = app_with(|config| {
        crate::support::database::switch_limits_off(config);
        config.mail.url = url.as_str().into();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    app
}

pub(crate) async fn verify(browser: &Browser, token: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"token": token})).await
}

pub(crate) async fn verify_with(browser: &Browser, token: &str, password: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"token": token, "password": password})).await
}

pub(crate) async fn type_code(browser: &Browser, email: &str, code: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"email": email, "code": code})).await
}

/// Signs up and returns the token of the mail.
pub(crate) async fn sign_up(app: &TestApp, browser: &Browser, email: &str, password: &str) -> String {
    let reply = browser.signup(email, password).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    app.mail_to(email).await.token()
}

pub(crate) async fn ask_reset(browser: &Browser, email: &str) -> Reply {
    browser.post("/api/password/reset/", &json!({"email": email})).await
}

/// Asks for a reset and returns the token of the mail.
pub(crate) async fn reset_token(app: &TestApp, email: &str) -> String {
    let reply = ask_reset(&page(app).await, email).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    app.mail_to(email).await.token()
}

pub(crate) async fn confirm_reset(browser: &Browser, token: &str, password: &str) -> Reply {
    browser.post("/api/password/reset/confirm/", &json!({"token": token, "password": password})).await
}

pub(crate) async fn change_password(browser: &Browser, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    browser.post("/api/password/change/", &body).await
}

pub(crate) async fn reauthenticate(browser: &Browser, password: &str) -> Reply {
    browser.post("/api/reauthenticate/", &json!({"password": password})).await
}

pub(crate) async fn change_email(browser: &Browser, email: &str) -> Reply {
    browser.post("/api/email/change/", &json!({"email": email})).await
}

/// Confirms a change of address, or undoes it, or whatever the call is.
pub(crate) async fn with_token(browser: &Browser, path: &str, token: &str) -> Reply {
    browser.post(path, &json!({"token": token})).await
}

pub(crate) const CONFIRM_EMAIL: &str = "/api/email/change/confirm/";
pub(crate) const UNDO_EMAIL: &str = "/api/email/change/undo/";

/// Whether `password` opens the account of `email`, in a browser that has never been here.
pub(crate) async fn opens(app: &TestApp, email: &str, password: &str) -> bool {
    let reply = page(app).await.login(email, password).await;
    assert!(matches!(reply.status.as_u16(), 200 | 400), "{}", reply.text);
    reply.status == 200
}

pub(crate) fn told(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), reply.code())
}

#[track_caller]
pub(crate) fn assert_told(reply: &Reply, status: u16, code: &str) {
    assert_eq!(told(reply), (status, code.to_owned()), "{}", reply.text);
}

/// Status, headers in order of name, and body: all that the sender can see, but for the time of day.
pub(crate) fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    let mut body = reply.json();
    if body["resend_at"].is_string() {
        body["resend_at"] = json!("masked");
        // The length of a time depends on its fraction.
        headers.retain(|(name, _)| name != "content-length");
    }
    (reply.status.as_u16(), headers, body)
}
