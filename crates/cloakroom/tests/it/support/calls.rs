//! API calls that many tests make, one function each.

use cloakroom::testing::{Browser, Reply, TestApp};
use serde_json::json;

use crate::support::people::visitor;

pub(crate) const PROFILE: &str = "/api/users/profile/";
pub(crate) const CONFIRM_EMAIL: &str = "/api/email/change/confirm/";
pub(crate) const UNDO_EMAIL: &str = "/api/email/change/undo/";

/// Fields of an account that no form takes, whoever sends them (mass assignment).
pub(crate) const ACCOUNT_FIELDS: [&str; 9] = [
    "is_staff",
    "is_superuser",
    "is_active",
    "email_verified",
    "role",
    "id",
    "user_id",
    "password_hash",
    "date_joined",
];

pub(crate) async fn verify(browser: &Browser, token: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"token": token})).await
}

pub(crate) async fn verify_with(browser: &Browser, token: &str, password: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"token": token, "password": password})).await
}

pub(crate) async fn verify_with_code(browser: &Browser, email: &str, code: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"email": email, "code": code})).await
}

/// Signs up and returns the token of the mail.
pub(crate) async fn sign_up(app: &TestApp, browser: &Browser, email: &str, password: &str) -> String {
    let reply = browser.signup(email, password).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    app.mail_to(email).await.token()
}

pub(crate) async fn resend(browser: &Browser, email: &str) -> Reply {
    browser.post("/api/signup/resend/", &json!({"email": email})).await
}

pub(crate) async fn request_reset(browser: &Browser, email: &str) -> Reply {
    browser.post("/api/password/reset/", &json!({"email": email})).await
}

/// Requests a password reset and returns the token of the mail.
pub(crate) async fn reset_token(app: &TestApp, email: &str) -> String {
    let reply = request_reset(&visitor(app).await, email).await;
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

/// Posts a token to a call that takes nothing else, such as the confirmation of a change of address.
pub(crate) async fn with_token(browser: &Browser, path: &str, token: &str) -> Reply {
    browser.post(path, &json!({"token": token})).await
}
