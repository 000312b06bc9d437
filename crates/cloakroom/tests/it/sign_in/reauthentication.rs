//! `POST /api/reauthenticate/` (`flow/sign_in/reauthentication.rs`; security cases S03, S18, W09, W10).

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::app_with;
use crate::support::calls::{PROFILE, change_email, reauthenticate};
use crate::support::people::{ADA, WRONG, app_with_ada, visitor};
use crate::support::replies::assert_problem;

const RECENT: Duration = Duration::from_mins(10);

#[tokio::test]
async fn a_reauthentication_allows_sensitive_calls_for_a_while() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(change_email(&ada, "one@elsewhere.test").await.status, 202, "a fresh login is a proof");
    app.advance(RECENT);
    assert_problem(&change_email(&ada, "two@elsewhere.test").await, 403, "reauthentication_required");
    assert_eq!(ada.state().await, "authenticated", "it is no sign-out");
    let reply = reauthenticate(&ada, PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(change_email(&ada, "two@elsewhere.test").await.status, 202);
    app.advance(Duration::from_secs(599));
    assert_eq!(change_email(&ada, "three@elsewhere.test").await.status, 202);
    app.advance(Duration::from_secs(2));
    assert_problem(&change_email(&ada, "four@elsewhere.test").await, 403, "reauthentication_required");
}

#[tokio::test]
async fn the_window_is_the_one_that_is_configured() {
    let app = app_with(|config| {
        crate::support::app::switch_limits_off(config);
        config.session.recent = Duration::from_mins(1).into();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    app.advance(Duration::from_mins(1));
    assert_problem(&change_email(&ada, "one@elsewhere.test").await, 403, "reauthentication_required");
}

#[tokio::test]
async fn s03_a_reauthentication_renews_the_ticket_and_kills_the_old_one() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    app.advance(Duration::from_hours(1));
    let before = ada.get("/api/session/").await.json();
    let stolen = ada.copy();
    let reply = reauthenticate(&ada, PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for name in ["sessionid", "csrftoken"] {
        assert!(reply.set_cookie(name).is_some(), "{name}");
        assert_ne!(ada.cookie(name), stolen.cookie(name), "{name}");
    }
    assert_eq!(stolen.get(PROFILE).await.status, 401);
    assert_problem(&reauthenticate(&stolen, PASSWORD).await, 401, "not_authenticated");
    let after = ada.get("/api/session/").await.json();
    assert_ne!(after["authenticated_at"], before["authenticated_at"]);
    assert_eq!(after["user"], before["user"]);
    assert_eq!(app.database.rows("sessions").await, 1, "it is the same session, under another ticket");
    assert_eq!(reauthenticate(&ada, PASSWORD).await.status, 200, "with the token of the reply");
}

#[tokio::test]
async fn only_the_password_of_the_signed_in_account_is_a_proof() {
    let app = app_with_ada().await;
    app.add("grace@example.test", Rank::Plain).await;
    app.cloakroom.administration().set_password("grace@example.test", WRONG).await.unwrap();
    assert_problem(&reauthenticate(&visitor(&app).await, PASSWORD).await, 401, "not_authenticated");
    let ada = app.signed_in(ADA).await;
    app.advance(RECENT);
    let reply = reauthenticate(&ada, WRONG).await;
    assert_problem(&reply, 400, "invalid_credentials");
    assert!(!reply.headers.contains_key("set-cookie"));
    assert_problem(&change_email(&ada, "one@elsewhere.test").await, 403, "reauthentication_required");
    for body in [
        json!({}),
        json!({"password": ""}),
        json!({"password": null}),
        json!({"password": 1}),
        json!({"password": "x".repeat(257)}),
        json!({"password": PASSWORD, "email": "grace@example.test"}),
    ] {
        assert_problem(&ada.post("/api/reauthenticate/", &body).await, 422, "validation_failed");
    }
    assert_problem(&change_email(&ada, "one@elsewhere.test").await, 403, "reauthentication_required");
}

/// W09: an account without a password cannot be proven with an empty one.
#[tokio::test]
async fn w09_an_account_without_a_password_cannot_prove_itself_by_one() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    app.database.change("UPDATE cloakroom_users SET password_hash = NULL").await;
    app.advance(RECENT);
    assert_problem(&reauthenticate(&ada, PASSWORD).await, 400, "invalid_credentials");
    assert_problem(&reauthenticate(&ada, "").await, 422, "validation_failed");
    assert_eq!(ada.state().await, "authenticated");
}

#[tokio::test]
async fn s08_a_deactivated_account_proves_nothing() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    assert_problem(&reauthenticate(&ada, PASSWORD).await, 401, "not_authenticated");
}
