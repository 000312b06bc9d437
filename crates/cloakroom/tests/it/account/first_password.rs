//! `POST /api/password/set/` (`flow/account/password_change.rs`), and the check calls of links that change an
//! address (`flow/account/email_change.rs`).

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Kind, PASSWORD, Person, Reply};
use serde_json::json;

use crate::support::calls::{CONFIRM_EMAIL, PROFILE, UNDO_EMAIL, change_email, request_reset, with_token};
use crate::support::people::{ADA, EVE, NEW, app_with_ada, bad_passwords, can_sign_in, visitor};
use crate::support::replies::assert_problem;
use crate::support::social_app::{SocialApp, outcome, post_callback, social_app};

async fn set(browser: &Browser, password: &str) -> Reply {
    browser.post("/api/password/set/", &json!({"new_password": password})).await
}

/// An account for Eve that was made through GitHub and has no password.
async fn by_github() -> (SocialApp, Browser) {
    let app = social_app().await;
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &Person::verified(EVE)).await;
    assert_eq!(outcome(&reply), "signed_up");
    (app, browser)
}

#[tokio::test]
async fn finding_u8_a_first_password_is_set_at_once_after_a_recent_proof() {
    let (app, browser) = by_github().await;
    let other = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&other, Kind::GitHub, &Person::verified(EVE)).await), "signed_in");
    request_reset(&other, EVE).await;
    let reset = app.mail_to(EVE).await.token();
    let before = browser.cookie("sessionid").unwrap();
    let reply = set(&browser, PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_ne!(browser.cookie("sessionid").unwrap(), before, "the session has another ticket");
    assert_eq!(
        (browser.get(PROFILE).await.status, other.get(PROFILE).await.status),
        (http::StatusCode::OK, http::StatusCode::OK)
    );
    assert!(can_sign_in(&app, EVE, PASSWORD).await);
    let session = browser.get("/api/session/").await;
    assert_eq!(session.json()["user"]["has_password"], true, "{}", session.text);
    let mail = app.mail_to(EVE).await;
    assert_eq!(mail.subject, "A password was set for your Acme account");
    let late = with_token(&visitor(&app).await, "/api/password/reset/check/", &reset).await;
    assert_problem(&late, 410, "token_invalid");
    assert_problem(&set(&browser, NEW).await, 409, "has_password");
    assert!(!can_sign_in(&app, EVE, NEW).await);
}

#[tokio::test]
async fn finding_u8_a_first_password_needs_a_recent_proof_and_a_good_password() {
    let (app, browser) = by_github().await;
    assert_problem(&set(&app.visitor().await, PASSWORD).await, 401, "not_authenticated");
    for (password, code) in bad_passwords() {
        let reply = set(&browser, &password).await;
        assert_problem(&reply, 422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!("new_password"), &json!(code)),
            "{password:.40}"
        );
    }
    for body in [json!({}), json!({"new_password": null}), json!({"password": PASSWORD})] {
        assert_problem(&browser.post("/api/password/set/", &body).await, 422, "validation_failed");
    }
    app.advance(Duration::from_mins(10));
    assert_problem(&set(&browser, PASSWORD).await, 403, "reauthentication_required");
    let intent = json!({"intent": "reauthenticate"});
    let answer = app.consent(&browser, Kind::GitHub, (&intent, &Person::verified(EVE))).await;
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &answer).await), "signed_in");
    assert_eq!(set(&browser, PASSWORD).await.status, 200);
    app.add(ADA, Rank::Plain).await;
    assert_problem(&set(&app.signed_in(ADA).await, NEW).await, 409, "has_password");
}

#[tokio::test]
async fn finding_u8_one_of_two_concurrent_first_passwords_wins() {
    let (app, browser) = by_github().await;
    let other = app.visitor().await;
    app.sign_in(&other, Kind::GitHub, &Person::verified(EVE)).await;
    let (one, two) = tokio::join!(set(&browser, PASSWORD), set(&other, NEW));
    let mut told = [one.status.as_u16(), two.status.as_u16()];
    told.sort_unstable();
    assert_eq!(told, [200, 409], "{} {}", one.text, two.text);
    assert_eq!(can_sign_in(&app, EVE, PASSWORD).await, one.status == 200);
    assert_eq!(can_sign_in(&app, EVE, NEW).await, two.status == 200);
}

#[tokio::test]
async fn finding_u8_a_change_of_address_names_its_addresses_before_it_is_confirmed_or_undone() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(change_email(&ada, "Ada@Elsewhere.test").await.status, 202);
    let confirm = app.mail_to("Ada@Elsewhere.test").await.token();
    let undo = app.mail_to(ADA).await.token();
    let reader = visitor(&app).await;
    for _ in 0..2 {
        let looked = with_token(&reader, "/api/email/change/check/", &confirm).await;
        assert_eq!(looked.json(), json!({"email": "Ada@Elsewhere.test"}), "{}", looked.text);
        let looked = with_token(&reader, "/api/email/change/undo/check/", &undo).await;
        assert_eq!(
            looked.json(),
            json!({"email": ADA, "new_email": "Ada@Elsewhere.test"}),
            "{}",
            looked.text
        );
    }
    for (path, token) in [("/api/email/change/check/", &undo), ("/api/email/change/undo/check/", &confirm)] {
        assert_problem(&with_token(&reader, path, token).await, 410, "token_invalid");
    }
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &confirm).await.status, 200);
    assert_problem(&with_token(&reader, "/api/email/change/check/", &confirm).await, 410, "token_invalid");
    assert_eq!(with_token(&reader, UNDO_EMAIL, &undo).await.status, 200);
    assert_problem(&with_token(&reader, "/api/email/change/undo/check/", &undo).await, 410, "token_invalid");
}
