//! A failed login tells nothing about the account (E01, E02).

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use http::Method;
use serde_json::json;

use super::{ALAN, app_with_accounts, seen, set_hash, weaker_hash};
use crate::support::people::{ADA, WRONG, visitor};
use crate::support::timing::assert_alike;

/// E01: only somebody who knows the password learns anything about the account.
#[tokio::test]
async fn e01_every_login_that_fails_gets_the_same_answer() {
    let app = app_with_accounts().await;
    let unknown = visitor(&app).await.login("nobody@example.test", WRONG).await;
    assert_eq!((unknown.status.as_u16(), &*unknown.code()), (400, "invalid_credentials"));
    assert_eq!(unknown.json()["detail"], "Email or password is not correct.");
    assert!(!unknown.headers.contains_key("set-cookie"));
    visitor(&app).await.signup("waiting@example.test", PASSWORD).await;
    for email in [
        ADA,
        ALAN,
        "social@example.test",
        "django@example.test",
        "greedy@example.test",
        "waiting@example.test",
    ] {
        let reply = visitor(&app).await.login(email, WRONG).await;
        assert_eq!(seen(&reply), seen(&unknown), "{email}");
    }
    for email in [
        "social@example.test",
        "django@example.test",
        "greedy@example.test",
        "waiting@example.test",
        "nobody@example.test",
    ] {
        let reply = visitor(&app).await.login(email, PASSWORD).await;
        assert_eq!(seen(&reply), seen(&unknown), "{email}, with a password that is right elsewhere");
    }
    // This holds for a browser that is already signed in, too.
    let ada = app.signed_in(ADA).await;
    assert_eq!(seen(&ada.login("nobody@example.test", WRONG).await), seen(&ada.login(ALAN, WRONG).await));
}

#[tokio::test]
async fn a_deactivated_account_is_reported_only_after_the_right_password() {
    let app = app_with_accounts().await;
    let alan = visitor(&app).await;
    assert_eq!(alan.login(ALAN, WRONG).await.code(), "invalid_credentials");
    let reply = alan.login(ALAN, PASSWORD).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "account_inactive"));
    assert!(!reply.headers.contains_key("set-cookie"));
    assert_eq!((&*alan.state().await, app.database.rows("sessions").await), ("anonymous", 0));
}

/// Without the dummy hash, an unknown address would be answered much faster.
#[tokio::test]
async fn e02_response_times_reveal_no_kind_of_account() {
    let app = app_with_accounts().await;
    app.add("weak@example.test", Rank::Plain).await;
    set_hash(&app, "weak@example.test", Some(&weaker_hash(PASSWORD))).await;
    let browser = visitor(&app).await;
    let kinds = [
        ADA,
        "nobody@example.test",
        ALAN,
        "social@example.test",
        "django@example.test",
        "greedy@example.test",
        "weak@example.test",
    ];
    assert_alike("a wrong password", &kinds, async |email| {
        assert_eq!(browser.login(email, WRONG).await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn no_reply_repeats_the_password() {
    let app = app_with_accounts().await;
    let browser = visitor(&app).await;
    for body in [
        json!({"email": ADA, "password": PASSWORD}),
        json!({"email": ALAN, "password": PASSWORD}),
        json!({"email": PASSWORD, "password": PASSWORD}),
        json!({"email": "nobody@example.test", "password": PASSWORD}),
        json!({"email": [PASSWORD], "password": PASSWORD}),
        json!({"email": ADA, "password": {"x": PASSWORD}}),
    ] {
        let reply = browser.call(&Method::POST, "/api/login/").json(&body).send().await;
        assert!(!reply.text.contains(PASSWORD), "{}", reply.text);
    }
}
