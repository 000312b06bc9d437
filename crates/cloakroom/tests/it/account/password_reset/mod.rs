//! `POST /api/password/reset/`, `…/check/` and `…/confirm/` (`flow/account/password_reset.rs`; security cases
//! E04, L14, R03, S06 to S08, S15, T02 to T04, T06, T17, W01, W04, W09, W12).

mod answers;
mod overlaps;
mod void;

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::HOUR;
use crate::support::calls::{PROFILE, confirm_reset, request_reset, reset_token, with_token};
use crate::support::concurrency::{REVOCATION_DEADLINE, at_once, within};
use crate::support::people::{
    ADA, EVE, NEW, app_with_ada, bad_passwords, can_sign_in, same_browser_at, visitor, visitors,
};
use crate::support::replies::assert_problem;

const CHECK: &str = "/api/password/reset/check/";

#[tokio::test]
async fn t09_a_reset_replaces_the_password_notifies_the_owner_and_signs_nobody_in() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    let reply = request_reset(&browser, "ADA@example.test").await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string() && reply.json()["detail"].is_string());
    let mail = app.mail_to(ADA).await;
    assert!(mail.text.contains("http://localhost:3000/reset-password#token="), "{}", mail.text);
    assert_eq!(
        with_token(&browser, CHECK, &mail.token()).await.json(),
        json!({"email": ADA, "identities": []})
    );
    let reply = confirm_reset(&browser, &mail.token(), NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!reply.headers.contains_key("set-cookie"), "nobody is signed in or out by it");
    assert_eq!(browser.state().await, "anonymous");
    assert!(can_sign_in(&app, ADA, NEW).await && !can_sign_in(&app, ADA, PASSWORD).await);
    let notice = &app.mails().await[0];
    assert_eq!((&*notice.to, &*notice.subject), (ADA, "Your Acme password was reset"));
    assert!(!notice.text.contains("token="), "{}", notice.text);
}

#[tokio::test]
async fn an_account_without_a_password_gets_one() {
    let app = app_with_ada().await;
    app.database.change("UPDATE cloakroom_users SET password_hash = NULL").await;
    assert!(!app.cloakroom.administration().show(ADA).await.unwrap().has_password);
    let token = reset_token(&app, ADA).await;
    assert_eq!(confirm_reset(&visitor(&app).await, &token, NEW).await.status, 200);
    assert!(can_sign_in(&app, ADA, NEW).await);
}

#[tokio::test]
async fn t02_a_reset_link_works_once() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    let token = reset_token(&app, ADA).await;
    assert_eq!(confirm_reset(&browser, &token, NEW).await.status, 200);
    assert_problem(&confirm_reset(&browser, &token, "yet-another-battery").await, 410, "token_invalid");
    assert_problem(&with_token(&browser, CHECK, &token).await, 410, "token_invalid");
    assert!(can_sign_in(&app, ADA, NEW).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t03_one_of_sixteen_concurrent_resets_wins_and_sets_the_password() {
    let app = app_with_ada().await;
    let token = reset_token(&app, ADA).await;
    let browsers = visitors(&app, 16).await;
    let replies = at_once(16, |number| {
        let (browser, token) = (Arc::clone(&browsers[number]), token.clone());
        async move { confirm_reset(&browser, &token, &format!("battery-horse-{number:02}")).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_problem(reply, 410, "token_invalid");
    }
    let mut right = 0;
    for number in 0..16 {
        right += usize::from(can_sign_in(&app, ADA, &format!("battery-horse-{number:02}")).await);
    }
    assert_eq!(right, 1);
    assert_eq!(app.mails().await.len(), 2, "the link and one notice");
}

#[tokio::test]
async fn t04_l14_a_reset_link_is_good_for_an_hour() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    let token = reset_token(&app, ADA).await;
    app.advance(Duration::from_mins(59));
    assert_eq!(with_token(&browser, CHECK, &token).await.status, 200);
    app.advance(Duration::from_mins(1));
    assert_problem(&with_token(&browser, CHECK, &token).await, 410, "token_invalid");
    assert_problem(&confirm_reset(&browser, &token, NEW).await, 410, "token_invalid");
    app.sweep().await;
    app.set_back(HOUR);
    assert_problem(&confirm_reset(&browser, &token, NEW).await, 410, "token_invalid");
    assert!(can_sign_in(&app, ADA, PASSWORD).await);
}

/// S07: a reset signs nobody in and ends every session, here and on other nodes.
#[tokio::test]
async fn s07_s15_a_reset_ends_every_session_on_every_node() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    let (here, other) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    let there = same_browser_at(&node, &other);
    assert_eq!(there.get(PROFILE).await.status, 200, "in the other node's cache now");
    let token = reset_token(&app, ADA).await;
    let reply = confirm_reset(&here, &token, NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let session = reply.set_cookie("sessionid").expect("its own session is over");
    assert!(session.contains("Max-Age=0"), "{session}");
    assert!(reply.set_cookie("csrftoken").is_some());
    assert_eq!((here.state().await, other.get(PROFILE).await.status.as_u16()), ("anonymous".into(), 401));
    assert_eq!(app.database.rows("sessions").await, 0);
    assert_eq!(app.database.rows("browsers").await, 1, "only the browser that set the password is known");
    within(REVOCATION_DEADLINE, async || there.get(PROFILE).await.status == 401).await;
    assert_eq!(here.login(ADA, NEW).await.status, 200, "with the CSRF token of the reply");
}

/// A reset leaves a session of another account in the same browser alone.
#[tokio::test]
async fn a_reset_in_the_browser_of_somebody_else_leaves_them_signed_in() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    let eve = app.signed_in(EVE).await;
    let token = reset_token(&app, ADA).await;
    let reply = confirm_reset(&eve, &token, NEW).await;
    assert_eq!((reply.status.as_u16(), reply.set_cookie("sessionid")), (200, None));
    assert_eq!(eve.get(PROFILE).await.json()["email"], EVE);
}

/// S08, T06: a deactivated account gets no reset, and a link that was mailed before does not work later
/// either.
#[tokio::test]
async fn s08_a_deactivated_or_deleted_account_gets_no_link_and_accepts_none() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    let token = reset_token(&app, ADA).await;
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    assert_problem(&confirm_reset(&browser, &token, NEW).await, 410, "token_invalid");
    assert_eq!(request_reset(&browser, ADA).await.status, 202);
    assert_eq!(app.mails().await.len(), 2, "the link of before and word of the deactivation, no link");
    app.cloakroom.administration().set_active(ADA, true).await.unwrap();
    let token = reset_token(&app, ADA).await;
    app.cloakroom.administration().delete(ADA).await.unwrap();
    assert_problem(&confirm_reset(&browser, &token, NEW).await, 410, "token_invalid");
    assert_eq!(app.database.rows("challenges").await, 0);
}

/// T17: a reset needs an account. A pending signup is not one.
#[tokio::test]
async fn t17_a_pending_signup_gets_no_reset() {
    let app = app_with_ada().await;
    let attacker = visitor(&app).await;
    attacker.signup(EVE, "the-attackers-own-choice").await;
    let before = app.mails().await.len();
    assert_eq!(request_reset(&visitor(&app).await, EVE).await.status, 202);
    assert_eq!(app.mails().await.len(), before, "an address without an account gets no mail");
    assert!(!can_sign_in(&app, EVE, "the-attackers-own-choice").await);
}

#[tokio::test]
async fn w01_w04_w09_a_bad_password_leaves_the_link_good() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    let token = reset_token(&app, EVE).await;
    let browser = visitor(&app).await;
    for (password, code) in bad_passwords() {
        let reply = confirm_reset(&browser, &token, &password).await;
        assert_problem(&reply, 422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!("password"), &json!(code)), "{password:.40}");
    }
    for body in [
        json!({"token": token}),
        json!({"token": token, "password": null}),
        json!({"password": NEW}),
        json!({}),
    ] {
        let reply = browser.post("/api/password/reset/confirm/", &body).await;
        assert_problem(&reply, 422, "validation_failed");
    }
    assert!(can_sign_in(&app, EVE, PASSWORD).await);
    assert_eq!(confirm_reset(&browser, &token, NEW).await.status, 200);
}
