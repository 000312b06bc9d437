//! `POST /api/email/verify/` and `…/check/` (`flow/account/email_verification.rs`; security cases B11, L14,
//! M07, S03, S16, T02 to T04, T07, T08, T10, W01, W04, W09).

mod codes;
mod form;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::HOUR;
use crate::support::app::app_without_limits;
use crate::support::calls::{sign_up, verify, verify_with, verify_with_code, with_token};
use crate::support::concurrency::at_once;
use crate::support::people::{ADA, EVE, NEW, app_with_ada, can_sign_in, visitor, visitors};
use crate::support::replies::assert_problem;

#[tokio::test]
async fn t02_a_link_and_a_code_work_once() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    assert_eq!(verify(&browser, &mail.token()).await.status, 200);
    let other = visitor(&app).await;
    assert_problem(&verify_with(&other, &mail.token(), NEW).await, 410, "token_invalid");
    assert_problem(
        &with_token(&other, "/api/email/verify/check/", &mail.token()).await,
        410,
        "token_invalid",
    );
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    assert_problem(&verify(&browser, &mail.token()).await, 410, "token_invalid");
    assert_problem(&verify_with_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert!(can_sign_in(&app, EVE, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t03_one_of_sixteen_concurrent_verifications_wins_and_sets_the_password() {
    let app = app_without_limits().await;
    let token = sign_up(&app, &visitor(&app).await, EVE, PASSWORD).await;
    let browsers = visitors(&app, 16).await;
    let replies = at_once(16, |number| {
        let (browser, token) = (Arc::clone(&browsers[number]), token.clone());
        async move { verify_with(&browser, &token, &format!("battery-horse-{number:02}")).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_problem(reply, 410, "token_invalid");
    }
    assert_eq!((app.database.rows("users").await, app.database.rows("sessions").await), (1, 1));
    let mut right = Vec::new();
    for (number, browser) in browsers.iter().enumerate() {
        if can_sign_in(&app, EVE, &format!("battery-horse-{number:02}")).await {
            assert_eq!(browser.state().await, "authenticated", "it is that of the browser that won");
            right.push(number);
        }
    }
    assert_eq!(right.len(), 1, "{right:?}");
    assert!(!can_sign_in(&app, EVE, PASSWORD).await);
}

/// T04, L14: once expired and swept, a token stays invalid even if the clock steps back.
#[tokio::test]
async fn t04_l14_a_link_is_good_for_a_day_and_a_code_for_fifteen_minutes() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    app.advance(Duration::from_mins(15));
    assert_problem(&verify_with_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert_eq!(with_token(&browser, "/api/email/verify/check/", &mail.token()).await.status, 200);
    app.advance(23 * HOUR + Duration::from_mins(44));
    let other = visitor(&app).await;
    assert_problem(&verify(&other, &mail.token()).await, 403, "password_required");
    app.advance(Duration::from_mins(1));
    for browser in [&browser, &other] {
        assert_problem(&verify_with(browser, &mail.token(), NEW).await, 410, "token_invalid");
        assert_problem(
            &with_token(browser, "/api/email/verify/check/", &mail.token()).await,
            410,
            "token_invalid",
        );
    }
    app.sweep().await;
    app.set_back(2 * HOUR);
    assert_problem(&verify_with(&other, &mail.token(), NEW).await, 410, "token_invalid");
    assert_problem(&verify_with_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert_eq!(app.database.rows("users").await, 0);
}

/// L14: correcting a clock that was an hour ahead neither loses a signup nor extends it by much.
#[tokio::test]
async fn l14_correcting_a_fast_clock_loses_no_signup() {
    let app = app_without_limits().await;
    app.advance(HOUR);
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    app.set_back(HOUR);
    let later = visitor(&app).await;
    later.signup("bob@example.test", PASSWORD).await;
    assert_eq!(verify(&browser, &mail.token()).await.status, 200);
    assert_eq!(browser.state().await, "authenticated");
    let mail = app.mail_to("bob@example.test").await;
    assert_eq!(verify_with_code(&later, "bob@example.test", &mail.code()).await.status, 200);
}

/// S16: a mailed link never replaces one signed-in person with another.
#[tokio::test]
async fn s16_a_link_opened_by_somebody_who_is_signed_in_changes_nothing() {
    let app = app_with_ada().await;
    let attacker = visitor(&app).await;
    let token = sign_up(&app, &attacker, EVE, PASSWORD).await;
    let ada = app.signed_in(ADA).await;
    let session = ada.cookie("sessionid");
    for reply in [
        verify(&ada, &token).await,
        verify_with(&ada, &token, NEW).await,
        verify_with_code(&ada, EVE, "000000").await,
    ] {
        assert_problem(&reply, 409, "other_user_signed_in");
        assert!(reply.set_cookie("sessionid").is_none());
    }
    assert_eq!(ada.cookie("sessionid"), session);
    assert_eq!(ada.get("/api/users/profile/").await.json()["email"], ADA);
    // The link was not used up. After she signs out it works, with a password of her own.
    assert_eq!(ada.post("/api/logout/", &json!({})).await.status, 200);
    assert_eq!(verify_with(&ada, &token, NEW).await.status, 200);
    assert_eq!(ada.get("/api/users/profile/").await.json()["email"], EVE);
}

#[tokio::test]
async fn s03_verification_starts_a_new_session_with_its_own_csrf_token() {
    let app = app_with_ada().await;
    let browser = app.signed_in(ADA).await;
    let dead = browser.copy();
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    // A browser with the cookie of an ended session may sign up, like one without a cookie.
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let reply = verify(&browser, &token).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_ne!(browser.cookie("sessionid"), dead.cookie("sessionid"));
    assert_ne!(browser.cookie("csrftoken"), dead.cookie("csrftoken"));
    assert!(reply.set_cookie("csrftoken").is_some());
    assert_eq!((browser.state().await, dead.state().await), ("authenticated".into(), "anonymous".into()));
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
}

/// An account that is made by other means, for example by an administrator, ends pending signups for its
/// address.
#[tokio::test]
async fn an_address_that_got_an_account_meanwhile_cannot_be_verified_for_another() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, NEW).await;
    let mail = app.mail_to(EVE).await;
    app.add("EVE@example.test", Rank::Plain).await;
    assert_problem(&verify(&browser, &mail.token()).await, 410, "token_invalid");
    assert_problem(&verify_with_code(&browser, EVE, &mail.code()).await, 400, "invalid_code");
    assert_eq!(browser.state().await, "anonymous");
    assert!(can_sign_in(&app, EVE, PASSWORD).await && !can_sign_in(&app, EVE, NEW).await);
}
