//! `POST /api/email/change/`, `…/confirm/` and `…/undo/` (`flow/account/email_change.rs`; security cases E05,
//! H4, L14, S15, T02 to T04, T06, T14).

mod undo;

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD};
use serde_json::json;

use crate::support::HOUR;
use crate::support::app::App;
use crate::support::calls::{
    CONFIRM_EMAIL, PROFILE, UNDO_EMAIL, change_email, change_password, confirm_reset, reauthenticate,
    reset_token, sign_up, verify, with_token,
};
use crate::support::concurrency::{REVOCATION_DEADLINE, at_once, within};
use crate::support::people::{ADA, EVE, NEW, app_with_ada, can_sign_in, same_browser_at, visitor};
use crate::support::replies::{assert_problem, seen};

const ELSEWHERE: &str = "ada@elsewhere.test";

/// Requests a change of address, and returns the tokens of the confirmation and of the undo.
async fn ask(app: &App, browser: &Browser, old: &str, new: &str) -> (String, String) {
    let reply = change_email(browser, new).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    (app.mail_to(new).await.token(), app.mail_to(old).await.token())
}

/// Returns the address of the account that a browser is signed in to.
async fn address(browser: &Browser) -> String {
    browser.get(PROFILE).await.json()["email"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn t14_a_change_is_proven_at_the_new_address_and_reported_to_the_old_one() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let reply = change_email(&ada, "Ada@Elsewhere.test").await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string());
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2);
    let (confirm, warning) = (app.mail_to("Ada@Elsewhere.test").await, app.mail_to(ADA).await);
    assert!(confirm.text.contains("http://localhost:3000/change-email#token="), "{}", confirm.text);
    assert!(warning.text.contains("http://localhost:3000/undo-email-change#token="), "{}", warning.text);
    assert!(warning.text.contains("Ada@Elsewhere.test") && !confirm.text.contains(ADA));
    assert_eq!(address(&ada).await, ADA, "nothing has changed yet");
    assert!(can_sign_in(&app, ADA, PASSWORD).await);

    let reply = with_token(&ada, CONFIRM_EMAIL, &confirm.token()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(address(&ada).await, "Ada@Elsewhere.test");
    assert!(can_sign_in(&app, ELSEWHERE, PASSWORD).await && !can_sign_in(&app, ADA, PASSWORD).await);
    let told = &app.mails().await[0];
    assert_eq!((&*told.to, &*told.subject), (ADA, "Your email address for Acme was changed"));
    assert_eq!(told.token(), warning.token(), "it can be undone with either mail");
    // Once the change can no longer be undone, the old address is free for whoever has its mailbox.
    app.advance(72 * HOUR);
    let eve = visitor(&app).await;
    let token = sign_up(&app, &eve, ADA, NEW).await;
    assert_eq!(verify(&eve, &token).await.status, 200);
}

#[tokio::test]
async fn t14_a_change_needs_a_recent_proof_and_an_address() {
    let app = app_with_ada().await;
    assert_problem(&change_email(&visitor(&app).await, ELSEWHERE).await, 401, "not_authenticated");
    let ada = app.signed_in(ADA).await;
    app.advance(Duration::from_mins(10));
    assert_problem(&change_email(&ada, ELSEWHERE).await, 403, "reauthentication_required");
    assert_problem(&change_email(&ada, "nonsense").await, 403, "reauthentication_required");
    assert_eq!(reauthenticate(&ada, PASSWORD).await.status, 200);
    for email in ["", "nonsense", "a@b@c", ADA] {
        assert_problem(&change_email(&ada, email).await, 422, "validation_failed");
    }
    for body in [json!({}), json!({"email": null}), json!({"email": ELSEWHERE, "password": PASSWORD})] {
        assert_problem(&ada.post("/api/email/change/", &body).await, 422, "validation_failed");
    }
    assert_eq!((app.mails().await.len(), app.database.rows("challenges").await), (0, 0));
}

/// E05: only somebody who can read its mail learns that an address is taken.
#[tokio::test]
async fn e05_t14_a_taken_address_gets_the_same_reply_and_fails_at_confirmation() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    let free = change_email(&ada, ELSEWHERE).await;
    app.mail_to(ELSEWHERE).await;
    let answer = change_email(&ada, "EVE@example.test").await;
    assert_eq!(seen(&answer), seen(&free));
    let mails = app.mails().await;
    let token = app.mail_to("EVE@example.test").await.token();
    assert_eq!(mails.len(), 4, "two for each");
    let reply = with_token(&ada, CONFIRM_EMAIL, &token).await;
    assert_problem(&reply, 409, "email_taken");
    assert_eq!(address(&ada).await, ADA);
    assert!(can_sign_in(&app, EVE, PASSWORD).await && can_sign_in(&app, ADA, PASSWORD).await);
}

#[tokio::test]
async fn t14_only_the_newest_of_several_changes_can_be_confirmed_and_once() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (first, _) = ask(&app, &ada, ADA, "one@elsewhere.test").await;
    let (second, _) = ask(&app, &ada, ADA, "two@elsewhere.test").await;
    assert_problem(&with_token(&ada, CONFIRM_EMAIL, &first).await, 410, "token_invalid");
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &second).await.status, 200);
    for token in [&first, &second] {
        assert_problem(&with_token(&ada, CONFIRM_EMAIL, token).await, 410, "token_invalid");
    }
    assert_eq!(address(&ada).await, "two@elsewhere.test");
}

#[tokio::test]
async fn t08_a_change_is_confirmed_by_its_own_account_only() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    let (ada, eve) = (app.signed_in(ADA).await, app.signed_in(EVE).await);
    let (token, _) = ask(&app, &ada, ADA, ELSEWHERE).await;
    assert_problem(&with_token(&eve, CONFIRM_EMAIL, &token).await, 409, "other_user_signed_in");
    assert_problem(&with_token(&visitor(&app).await, CONFIRM_EMAIL, &token).await, 401, "not_authenticated");
    assert_eq!((address(&eve).await, address(&ada).await), (EVE.to_owned(), ADA.to_owned()));
    app.advance(HOUR);
    let later = app.signed_in(ADA).await;
    assert_eq!(with_token(&later, CONFIRM_EMAIL, &token).await.status, 200, "in any session of hers");
}

#[tokio::test]
async fn t04_a_change_can_be_confirmed_for_a_day() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (token, undo) = ask(&app, &ada, ADA, ELSEWHERE).await;
    app.advance(24 * HOUR);
    assert_problem(&with_token(&ada, CONFIRM_EMAIL, &token).await, 410, "token_invalid");
    assert_eq!(address(&ada).await, ADA);
    assert_eq!(
        with_token(&visitor(&app).await, UNDO_EMAIL, &undo).await.status,
        200,
        "whoever asked is not welcome"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t14_two_accounts_request_one_address_at_once_and_one_gets_it() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    for round in 0..5 {
        let wanted = format!("wanted{round}@elsewhere.test");
        let mut asking = Vec::new();
        for email in [ADA, EVE] {
            let browser = app.signed_in(email).await;
            change_email(&browser, &wanted).await;
            asking.push((Arc::new(browser), app.mail_to(&wanted).await.token()));
        }
        // A signup competes for the same address.
        let stranger = Arc::new(visitor(&app).await);
        let signup = sign_up(&app, &stranger, &wanted, NEW).await;
        let replies = at_once(3, |number| {
            let (browser, token) =
                asking.get(number).cloned().unwrap_or((Arc::clone(&stranger), signup.clone()));
            async move {
                if number == 2 {
                    verify(&browser, &token).await
                } else {
                    with_token(&browser, CONFIRM_EMAIL, &token).await
                }
            }
        })
        .await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "round {round}: {statuses:?}");
        assert!(
            statuses[1..].iter().all(|status| matches!(status, 409 | 410)),
            "round {round}: {statuses:?}"
        );
        let owners =
            app.database.texts(&format!("SELECT id FROM cloakroom_users WHERE email = '{wanted}'")).await;
        assert_eq!(owners.len(), 1, "round {round}");
        app.database.change(&format!("DELETE FROM cloakroom_users WHERE email = '{wanted}'")).await;
        for email in [ADA, EVE] {
            if app
                .database
                .texts(&format!("SELECT id FROM cloakroom_users WHERE email = '{email}'"))
                .await
                .is_empty()
            {
                app.add(email, Rank::Plain).await;
            }
        }
    }
}

/// T06: a pending change is void once the password changes, whichever way it changes.
#[tokio::test]
async fn t06_h4_a_change_does_not_survive_another_password() {
    let app = app_with_ada().await;
    for way in ["change", "reset", "administration", "deactivation"] {
        let ada = app.signed_in(ADA).await;
        let (confirm, _) = ask(&app, &ada, ADA, ELSEWHERE).await;
        match way {
            "change" => assert_eq!(change_password(&ada, PASSWORD, PASSWORD).await.status, 200),
            "reset" => {
                let token = reset_token(&app, ADA).await;
                assert_eq!(confirm_reset(&ada, &token, PASSWORD).await.status, 200);
            }
            "administration" => app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap(),
            _ => {
                app.cloakroom.administration().set_active(ADA, false).await.unwrap();
                app.cloakroom.administration().set_active(ADA, true).await.unwrap();
            }
        }
        let later = app.signed_in(ADA).await;
        let reply = with_token(&later, CONFIRM_EMAIL, &confirm).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (410, "token_invalid"), "{way}");
        assert_eq!(address(&later).await, ADA, "{way}");
    }
}

/// S15: another node shows the new address at once, or within a second.
#[tokio::test]
async fn s15_the_new_address_is_seen_on_every_node() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    let ada = app.signed_in(ADA).await;
    let there = same_browser_at(&node, &ada);
    assert_eq!(address(&there).await, ADA);
    let (confirm, _) = ask(&app, &ada, ADA, ELSEWHERE).await;
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &confirm).await.status, 200);
    within(REVOCATION_DEADLINE, async || address(&there).await == ELSEWHERE).await;
}

#[tokio::test]
async fn the_spelling_of_an_address_can_be_changed() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (confirm, undo) = ask(&app, &ada, ADA, "Ada@Example.test").await;
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &confirm).await.status, 200);
    assert_eq!(address(&ada).await, "Ada@Example.test");
    assert!(can_sign_in(&app, ADA, PASSWORD).await);
    assert_eq!(with_token(&visitor(&app).await, UNDO_EMAIL, &undo).await.status, 200);
    assert_eq!(app.cloakroom.administration().show(ADA).await.unwrap().email, ADA);
}
