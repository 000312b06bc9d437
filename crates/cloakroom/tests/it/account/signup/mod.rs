//! `POST /api/signup/` and `…/resend/` (`flow/account/signup.rs`; security cases E03, E06, E10, B10, H6, M01,
//! R01, T11 to T13, W01, W04, W09).

mod mails;
mod told;

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::config::SignupMode;
use cloakroom::testing::{Browser, PASSWORD, TestApp};
use serde_json::json;

use crate::support::HOUR;
use crate::support::app::{app, app_with, app_without_limits};
use crate::support::calls::{ACCOUNT_FIELDS, resend, sign_up, verify, verify_with, verify_with_code};
use crate::support::concurrency::at_once;
use crate::support::people::{
    ADA, EVE, NEW, app_with_ada, bad_passwords, can_sign_in, same_browser_at, visitor, visitors,
};
use crate::support::replies::{assert_problem, seen};

#[tokio::test]
async fn the_browser_that_signed_up_is_signed_in_by_the_link() {
    let app = app().await;
    let browser = visitor(&app).await;
    let reply = browser.signup("Eve@Example.test", PASSWORD).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string(), "{}", reply.text);
    assert_eq!(app.database.rows("users").await, 0, "nobody has an account before the address is proven");
    assert_eq!(browser.state().await, "anonymous");

    let mail = app.mail_to("Eve@Example.test").await;
    assert!(mail.text.contains("http://localhost:3000/verify-email#token="), "{}", mail.text);
    let looked = browser.post("/api/email/verify/check/", &json!({"token": mail.token()})).await;
    assert_eq!(looked.json(), json!({"email": "Eve@Example.test"}), "{}", looked.text);

    let reply = verify(&browser, &mail.token()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["next"], "done");
    assert_eq!(reply.json()["user"]["email"], "Eve@Example.test");
    assert_eq!(reply.json()["user"]["has_password"], true);
    assert_eq!(browser.state().await, "authenticated");
    assert!(can_sign_in(&app, EVE, PASSWORD).await);
}

#[tokio::test]
async fn the_code_signs_in_in_the_same_browser_only() {
    let app = app().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    let typed = format!("{} {}", &code[..3], &code[3..]);
    assert_problem(
        &verify_with_code(&visitor(&app).await, "EVE@example.test", &typed).await,
        400,
        "invalid_code",
    );
    let reply = verify_with_code(&browser, "EVE@example.test", &typed).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(browser.state().await, "authenticated");
}

/// The link needs no password only in the browser of the signup, within an hour, and if nobody signed in or
/// out there in between.
#[tokio::test]
async fn t16_another_browser_must_bring_a_password() {
    let app = app_with_ada().await;
    let elsewhere = async |browser: &Browser, token: &str, what: &str| {
        let reply = verify(browser, token).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.code()),
            (403, "password_required"),
            "{what}: {}",
            reply.text
        );
        let code = verify_with_code(browser, EVE, "000000").await;
        assert_eq!(code.code(), "invalid_code", "{what}");
    };
    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let copy = visitor(&app).await;
    copy.plant("csrftoken", &browser.cookie("csrftoken").unwrap());
    elsewhere(&visitor(&app).await, &token, "another browser").await;

    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    elsewhere(&browser, &token, "somebody signed in and out").await;

    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    elsewhere(&browser, &token, "a sign-out without a session").await;
    assert_problem(&verify_with_code(&browser, EVE, &code).await, 400, "invalid_code");
    let before = app.mails().await.len();
    assert_eq!(resend(&browser, EVE).await.status, 202);
    assert_eq!(app.mails().await.len(), before, "it is not this browser's signup any more");

    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    app.advance(HOUR);
    elsewhere(&browser, &token, "an hour later").await;
    let reply = verify_with(&browser, &token, NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(can_sign_in(&app, EVE, NEW).await && !can_sign_in(&app, EVE, PASSWORD).await);
}

#[tokio::test]
async fn t16_another_browser_sets_its_own_password() {
    let app = app().await;
    let attacker = visitor(&app).await;
    let token = sign_up(&app, &attacker, EVE, "the-attackers-own-choice").await;

    let owner = visitor(&app).await;
    assert_problem(&verify(&owner, &token).await, 403, "password_required");
    assert_problem(&verify_with(&owner, &token, "short").await, 422, "validation_failed");
    let reply = verify_with(&owner, &token, PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(owner.state().await, "authenticated");

    assert_eq!(attacker.state().await, "anonymous");
    assert_problem(&attacker.login(EVE, "the-attackers-own-choice").await, 400, "invalid_credentials");
}

#[tokio::test]
async fn w01_w04_w09_a_bad_password_is_refused_with_its_reason() {
    let app = app().await;
    let browser = visitor(&app).await;
    for (password, code) in bad_passwords() {
        let start = std::time::Instant::now();
        let reply = browser.signup(EVE, &password).await;
        assert_problem(&reply, 422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!("password"), &json!(code)), "{password:.40}");
        assert!(start.elapsed() < Duration::from_secs(5), "nothing is computed for long: {password:.40}");
    }
    for body in [
        json!({"email": EVE}),
        json!({"email": EVE, "password": null}),
        json!({"email": EVE, "password": []}),
    ] {
        assert_problem(&browser.post("/api/signup/", &body).await, 422, "validation_failed");
    }
    assert_eq!(app.database.rows("challenges").await, 0);
}

#[tokio::test]
async fn m01_a_signup_has_two_fields_and_no_more() {
    let app = app().await;
    let browser = visitor(&app).await;
    for field in ACCOUNT_FIELDS {
        let mut body = json!({"email": EVE, "password": PASSWORD});
        body[field] = json!(true);
        assert_problem(&browser.post("/api/signup/", &body).await, 422, "validation_failed");
        let mut body = json!({"token": "x", "password": PASSWORD});
        body[field] = json!(true);
        assert_problem(&browser.post("/api/email/verify/", &body).await, 422, "validation_failed");
    }
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    assert_eq!(verify(&browser, &token).await.status, 200);
    let account = app.cloakroom.administration().show(EVE).await.unwrap();
    assert!(account.is_active && !account.is_staff && !account.is_superuser);
}

#[tokio::test]
async fn a_closed_signup_says_so_to_everybody() {
    let app = app_with(|config| config.signup.mode = SignupMode::Closed).await;
    app.add(ADA, Rank::Plain).await;
    let browser = visitor(&app).await;
    let free = browser.signup(EVE, PASSWORD).await;
    assert_problem(&free, 403, "signup_closed");
    assert_eq!(seen(&browser.signup(ADA, PASSWORD).await), seen(&free));
    assert_eq!(seen(&browser.signup(EVE, "short").await), seen(&free), "before the form is judged");
    assert_eq!((app.mails().await.len(), app.database.rows("challenges").await), (0, 0));
}

/// Pending signups cannot be completed after signup was closed: not by link, not with a password, not by
/// code.
#[tokio::test]
async fn a_pending_signup_cannot_be_completed_after_signup_was_closed() {
    let app = app().await;
    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    let mut closed = app.cloakroom.config().clone();
    closed.signup.mode = SignupMode::Closed;
    let closed = TestApp::with(closed, axum::Router::new()).await;
    let there = same_browser_at(&closed, &browser);
    for body in [
        json!({"token": token}),
        json!({"token": token, "password": PASSWORD}),
        json!({"email": EVE, "code": code}),
    ] {
        assert_problem(&there.post("/api/email/verify/", &body).await, 403, "signup_closed");
    }
    assert_problem(&resend(&there, EVE).await, 403, "signup_closed");
    assert_eq!(app.database.rows("users").await, 0);
    assert_eq!(verify(&browser, &token).await.status, 200, "open again, it is as good as before");
}

/// R01: one proof wins, and all others are told that their link is no longer valid.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r01_twenty_signups_for_one_address_make_one_account() {
    let app = app_without_limits().await;
    let spellings = ["eve@example.test", "Eve@example.test", "EVE@EXAMPLE.TEST", "\u{ff45}ve@example.test"];
    let browsers = visitors(&app, 20).await;
    let replies = at_once(20, |number| {
        let browser = Arc::clone(&browsers[number]);
        async move { browser.signup(spellings[number % 4], &format!("{PASSWORD}-{number}")).await }
    })
    .await;
    for reply in replies {
        assert_eq!(reply.status, 202, "{}", reply.text);
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 20);
    // Half verify with the link and a new password, the other half rely on the browser that signed up.
    let replies = at_once(20, |number| {
        let (browser, token) = (Arc::clone(&browsers[number]), mails[number].token());
        async move {
            if number % 2 == 0 {
                verify_with(&browser, &token, &format!("{NEW}-{number}")).await
            } else {
                verify(&browser, &token).await
            }
        }
    })
    .await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    // A link opened in a browser that did not request it needs a password, hence 403.
    assert!(statuses.iter().all(|status| matches!(status, 200 | 403 | 410)), "{statuses:?}");
    assert_eq!(app.database.rows("users").await, 1);
    assert_eq!(app.database.rows("sessions").await, 1);
    assert_eq!(app.database.rows("challenges").await, 0, "the other signups have ended");
    for mail in &mails {
        assert_problem(&verify_with(&visitor(&app).await, &mail.token(), NEW).await, 410, "token_invalid");
    }
}

/// The code and the link of one mail, and those of another signup for the same address, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r01_link_and_code_at_once_make_one_account() {
    let app = app_without_limits().await;
    for round in 0..6 {
        let email = format!("eve{round}@example.test");
        let browsers = visitors(&app, 2).await;
        let mut mails = Vec::new();
        for browser in &browsers {
            browser.signup(&email, PASSWORD).await;
            mails.push(app.mail_to(&email).await);
        }
        let replies = at_once(4, |number| {
            let (browser, mail, email) =
                (browsers[number % 2].copy(), mails[number % 2].clone(), email.clone());
            async move {
                if number < 2 {
                    verify(&browser, &mail.token()).await
                } else {
                    verify_with_code(&browser, &email, &mail.code()).await
                }
            }
        })
        .await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{statuses:?}");
        assert!(statuses[1..].iter().all(|status| matches!(status, 400 | 410)), "{statuses:?}");
    }
    assert_eq!((app.database.rows("users").await, app.database.rows("sessions").await), (6, 6));
}

#[tokio::test]
async fn a_newer_mail_voids_the_link_and_the_code_before() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let first = app.mail_to(EVE).await;
    assert_eq!(
        seen(&resend(&visitor(&app).await, EVE).await),
        seen(&resend(&browser, "nobody@example.test").await)
    );
    assert_eq!(app.mails().await.len(), 1, "another browser has no signup to send again");
    let reply = resend(&browser, "EVE@example.test").await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string());
    let second = app.mail_to(EVE).await;
    assert_ne!(first.token(), second.token());
    assert_problem(&verify(&browser, &first.token()).await, 410, "token_invalid");
    if first.code() != second.code() {
        assert_problem(&verify_with_code(&browser, EVE, &first.code()).await, 400, "invalid_code");
    }
    // More than an hour after the first mail, but not after the last.
    app.advance(HOUR);
    resend(&browser, EVE).await;
    let third = app.mail_to(EVE).await;
    assert_eq!(verify_with_code(&browser, EVE, &third.code()).await.status, 200);
    assert_eq!(app.database.rows("users").await, 1);
}

#[tokio::test]
async fn several_signups_for_one_address_wait_side_by_side() {
    let app = app_without_limits().await;
    let (one, two) = (visitor(&app).await, visitor(&app).await);
    let first = sign_up(&app, &one, EVE, PASSWORD).await;
    let second = sign_up(&app, &two, EVE, NEW).await;
    assert_problem(&verify(&one, &second).await, 403, "password_required");
    assert_eq!(verify(&two, &second).await.status, 200);
    assert!(can_sign_in(&app, EVE, NEW).await && !can_sign_in(&app, EVE, PASSWORD).await);
    assert_problem(&verify(&one, &first).await, 410, "token_invalid");
    assert_eq!(one.state().await, "anonymous");
}
