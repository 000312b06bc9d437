//! People who appear in many tests, their browsers, and apps in which they have accounts.

use std::sync::Arc;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, TestApp};

use crate::support::app::{App, app_with, app_without_limits, switch_limits_off};
use crate::support::smtp_sink::SmtpSink;

pub(crate) const ADA: &str = "ada@example.test";
pub(crate) const EVE: &str = "eve@example.test";
pub(crate) const NEW: &str = "another-horse-battery";
pub(crate) const WRONG: &str = "wrong-horse-battery";

/// Passwords that are refused for `eve@example.test`, each with the error code of its field.
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

/// Opens the login page in a new browser.
pub(crate) async fn visitor(app: &TestApp) -> Browser {
    let browser = app.browser();
    browser.open_login_page().await;
    browser
}

/// Opens the login page in `count` new browsers.
pub(crate) async fn visitors(app: &TestApp, count: usize) -> Vec<Arc<Browser>> {
    let mut browsers = Vec::with_capacity(count);
    for _ in 0..count {
        browsers.push(Arc::new(visitor(app).await));
    }
    browsers
}

/// Copies the cookies of `browser` to a browser of another node.
pub(crate) fn same_browser_at(node: &TestApp, browser: &Browser) -> Browser {
    let copy = node.browser();
    for name in ["sessionid", "csrftoken", "browser"] {
        if let Some(value) = browser.cookie(name) {
            copy.plant(name, &value);
        }
    }
    copy
}

/// An app without limits, with an account for Ada.
pub(crate) async fn app_with_ada() -> App {
    let app = app_without_limits().await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// An app without limits, with an account for Ada, that delivers mail to `sink`.
pub(crate) async fn app_with_ada_mailing_to(sink: &SmtpSink) -> App {
    let url = format!("smtp://127.0.0.1:{}", sink.port());
    let app = app_with(|config| {
        switch_limits_off(config);
        config.mail.url = url.as_str().into();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// Returns whether `password` signs in to the account of `email`, tried in a new browser.
pub(crate) async fn can_sign_in(app: &TestApp, email: &str, password: &str) -> bool {
    let reply = visitor(app).await.login(email, password).await;
    assert!(matches!(reply.status.as_u16(), 200 | 400), "{}", reply.text);
    reply.status == 200
}
