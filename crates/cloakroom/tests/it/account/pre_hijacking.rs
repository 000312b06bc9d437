//! Pre-hijacking: an attacker prepares an account before its owner arrives (security cases H1 to H4, T16;
//! arXiv 2205.10174). Whatever the attacker has kept is worthless afterwards.

use cloakroom::testing::{Browser, PASSWORD};
use serde_json::json;

use crate::support::app::{App, app_without_limits};
use crate::support::calls::{
    PROFILE, change_email, change_password, confirm_reset, reauthenticate, reset_token, sign_up, verify,
    verify_with_code, with_token,
};
use crate::support::people::{EVE, NEW, can_sign_in, visitor};
use crate::support::replies::assert_problem;

const THEIRS: &str = "the-attackers-own-choice";

/// Tries everything that the attacker has against the account of `eve@example.test`.
async fn assert_worthless(app: &App, attacker: &Browser, what: &str) {
    assert_eq!(attacker.get(PROFILE).await.status, 401, "{what}: a session");
    assert_eq!(attacker.state().await, "anonymous", "{what}");
    assert!(!can_sign_in(app, EVE, THEIRS).await, "{what}: a password");
    assert_problem(&attacker.login(EVE, THEIRS).await, 400, "invalid_credentials");
    for code in ["000000", "123456", "999999"] {
        assert_problem(&verify_with_code(attacker, EVE, code).await, 400, "invalid_code");
    }
    let before = app.mails().await.len();
    assert_eq!(attacker.post("/api/signup/resend/", &json!({"email": EVE})).await.status, 202);
    assert_eq!(app.mails().await.len(), before, "{what}: a pending signup");
}

/// H1, without a provider: the owner signs up on their own, and the attacker's password is not merged into
/// the account.
#[tokio::test]
async fn h1_the_password_of_a_pending_signup_is_not_merged_into_the_account() {
    let app = app_without_limits().await;
    let attacker = visitor(&app).await;
    sign_up(&app, &attacker, EVE, THEIRS).await;
    let owner = visitor(&app).await;
    let token = sign_up(&app, &owner, EVE, PASSWORD).await;
    assert_eq!(verify(&owner, &token).await.status, 200);
    assert_worthless(&app, &attacker, "after the owner's own signup").await;
    assert!(can_sign_in(&app, EVE, PASSWORD).await);
    // The same after the signup: another signup for this address only mails its owner.
    attacker.signup(EVE, THEIRS).await;
    let mail = app.mail_to(EVE).await;
    assert!(
        mail.subject.contains("already have an account") && !mail.text.contains("token="),
        "{}",
        mail.text
    );
    assert!(!can_sign_in(&app, EVE, THEIRS).await);
}

/// H2: recovery ends every session that existed before.
#[tokio::test]
async fn h2_no_session_outlives_the_owners_recovery() {
    let app = app_without_limits().await;
    let thief = visitor(&app).await;
    let token = sign_up(&app, &thief, EVE, THEIRS).await;
    assert_eq!(verify(&thief, &token).await.status, 200, "they read her mail once");
    assert_eq!(thief.get(PROFILE).await.status, 200);
    assert_eq!(reauthenticate(&thief, THEIRS).await.status, 200, "they keep it alive");
    let reset = reset_token(&app, EVE).await;
    assert_eq!(confirm_reset(&visitor(&app).await, &reset, PASSWORD).await.status, 200);
    assert_eq!(thief.get(PROFILE).await.status, 401);
    assert_problem(&reauthenticate(&thief, THEIRS).await, 401, "not_authenticated");
    assert_problem(&change_password(&thief, THEIRS, NEW).await, 401, "not_authenticated");
    thief.get("/api/session/").await;
    assert_worthless(&app, &thief, "after the reset").await;
}

/// H3: before the address is proven there is nothing to attach anything to.
#[tokio::test]
async fn h3_a_pending_signup_can_do_nothing() {
    let app = app_without_limits().await;
    let attacker = visitor(&app).await;
    sign_up(&app, &attacker, EVE, THEIRS).await;
    for (path, body) in [
        ("/api/reauthenticate/", json!({"password": THEIRS})),
        ("/api/password/change/", json!({"current_password": THEIRS, "new_password": NEW})),
        ("/api/email/change/", json!({"email": "attacker@evil.test"})),
        ("/api/email/change/confirm/", json!({"token": "x"})),
        ("/api/logout/all/", json!({})),
    ] {
        assert_problem(&attacker.post(path, &body).await, 401, "not_authenticated");
    }
    assert_problem(&attacker.login(EVE, THEIRS).await, 400, "invalid_credentials");
    assert_eq!((app.database.rows("users").await, app.database.rows("sessions").await), (0, 0));
    let owner = visitor(&app).await;
    let token = sign_up(&app, &owner, EVE, PASSWORD).await;
    assert_eq!(verify(&owner, &token).await.status, 200);
    assert_worthless(&app, &attacker, "after the owner came").await;
}

/// H4: a pending change of address does not survive the owner's recovery.
#[tokio::test]
async fn h4_no_change_of_address_outlives_the_owners_recovery() {
    let app = app_without_limits().await;
    let thief = visitor(&app).await;
    let token = sign_up(&app, &thief, EVE, THEIRS).await;
    assert_eq!(verify(&thief, &token).await.status, 200);
    assert_eq!(change_email(&thief, "attacker@evil.test").await.status, 202);
    let held = app.mail_to("attacker@evil.test").await.token();
    let reset = reset_token(&app, EVE).await;
    let owner = visitor(&app).await;
    assert_eq!(confirm_reset(&owner, &reset, PASSWORD).await.status, 200);
    assert_eq!(owner.login(EVE, PASSWORD).await.status, 200);
    // It works neither for the thief, nor for the owner if they are tricked into opening it.
    assert_problem(&with_token(&thief, "/api/email/change/confirm/", &held).await, 401, "not_authenticated");
    assert_problem(&with_token(&owner, "/api/email/change/confirm/", &held).await, 410, "token_invalid");
    assert_eq!(owner.get(PROFILE).await.json()["email"], EVE);
}
