//! The undo of a change of address, and what an attacker has left afterwards: nothing (H4, S18, T02, T04).

use std::sync::Arc;
use std::time::Duration;

use cloakroom::testing::{Browser, PASSWORD};
use serde_json::json;

use super::{ELSEWHERE, address, ask};
use crate::support::HOUR;
use crate::support::app::App;
use crate::support::calls::{
    CONFIRM_EMAIL, PROFILE, UNDO_EMAIL, change_email, change_password, confirm_reset, reauthenticate,
    request_reset, reset_token, with_token,
};
use crate::support::concurrency::{REVOCATION_DEADLINE, at_once, within};
use crate::support::people::{ADA, NEW, app_with_ada, can_sign_in, same_browser_at, visitor, visitors};
use crate::support::replies::assert_problem;

/// The state after an attacker has used Ada's session and password against her account.
struct Takeover {
    attacker: Browser,
    /// Undo tokens from the warnings, in the order in which they were sent.
    undos: Vec<String>,
    change: String,
    reset: String,
}

async fn taken_over(app: &App) -> Takeover {
    let attacker = app.signed_in(ADA).await;
    let (confirm, undo) = ask(app, &attacker, ADA, "attacker@evil.test").await;
    assert_eq!(with_token(&attacker, CONFIRM_EMAIL, &confirm).await.status, 200);
    assert_eq!(change_password(&attacker, PASSWORD, "the-attackers-own-choice").await.status, 200);
    let (confirm, second) = ask(app, &attacker, "attacker@evil.test", "second@evil.test").await;
    assert_eq!(with_token(&attacker, CONFIRM_EMAIL, &confirm).await.status, 200);
    let (change, third) = ask(app, &attacker, "second@evil.test", "third@evil.test").await;
    let reset = reset_token(app, "second@evil.test").await;
    Takeover { attacker, undos: vec![undo, second, third], change, reset }
}

/// After an undo, the attacker keeps nothing.
#[tokio::test]
async fn h4_an_undo_leaves_an_attacker_nothing() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    let Takeover { attacker, undos, change, reset } = taken_over(&app).await;
    let there = same_browser_at(&node, &attacker);
    assert_eq!(there.get(PROFILE).await.status, 200);

    let owner = visitor(&app).await;
    let reply = with_token(&owner, UNDO_EMAIL, &undos[0]).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!reply.headers.contains_key("set-cookie"), "the owner is not signed in by it");
    let account = app.cloakroom.administration().show(ADA).await.unwrap();
    assert!(!account.has_password && account.email == ADA);
    assert_eq!(attacker.get(PROFILE).await.status, 401);
    within(REVOCATION_DEADLINE, async || there.get(PROFILE).await.status == 401).await;
    assert_eq!((app.database.rows("sessions").await, app.database.rows("browsers").await), (0, 0));
    for password in [PASSWORD, "the-attackers-own-choice"] {
        for email in [ADA, "attacker@evil.test", "second@evil.test"] {
            assert!(!can_sign_in(&app, email, password).await, "{email} {password}");
        }
    }
    let evil = visitor(&app).await;
    for undo in &undos {
        assert_problem(&with_token(&evil, UNDO_EMAIL, undo).await, 410, "token_invalid");
    }
    assert_problem(&confirm_reset(&evil, &reset, NEW).await, 410, "token_invalid");
    let before = app.mails().await.len();
    request_reset(&evil, "attacker@evil.test").await;
    request_reset(&evil, "second@evil.test").await;
    assert_eq!(app.mails().await.len(), before, "those addresses are nobody's");

    // The owner continues with the link sent to the old address.
    let mail = app.mail_to(ADA).await;
    assert!(mail.text.contains("/reset-password#token="), "{}", mail.text);
    assert_eq!(confirm_reset(&owner, &mail.token(), NEW).await.status, 200);
    let ada = visitor(&app).await;
    assert_eq!(ada.login(ADA, NEW).await.status, 200);
    assert_problem(&with_token(&ada, CONFIRM_EMAIL, &change).await, 410, "token_invalid");
    assert_eq!(address(&ada).await, ADA);
}

/// Nothing voids the undo: whatever happens to the account meanwhile, the owner of the old address gets it
/// back.
#[tokio::test]
async fn an_undo_outlives_everything_that_an_attacker_can_do() {
    let app = app_with_ada().await;
    let Takeover { attacker, undos, reset, .. } = taken_over(&app).await;
    assert_eq!(change_password(&attacker, "the-attackers-own-choice", NEW).await.status, 200);
    let reset = if with_token(&attacker, "/api/password/reset/check/", &reset).await.status == 200 {
        reset
    } else {
        reset_token(&app, "second@evil.test").await
    };
    assert_eq!(confirm_reset(&attacker, &reset, PASSWORD).await.status, 200);
    assert_eq!(attacker.login("second@evil.test", PASSWORD).await.status, 200);
    assert_eq!(attacker.post("/api/logout/all/", &json!({})).await.status, 200);
    app.cloakroom.administration().set_password("second@evil.test", NEW).await.unwrap();
    app.cloakroom.administration().set_active("second@evil.test", false).await.unwrap();
    app.cloakroom.administration().set_active("second@evil.test", true).await.unwrap();
    // The attacker can undo their second change, but that helps only until the owner uses the first undo.
    assert_eq!(with_token(&visitor(&app).await, UNDO_EMAIL, &undos[1]).await.status, 200);
    assert_eq!(
        app.cloakroom.administration().show("attacker@evil.test").await.unwrap().email,
        "attacker@evil.test"
    );
    assert_eq!(with_token(&visitor(&app).await, UNDO_EMAIL, &undos[0]).await.status, 200);
    assert_eq!(app.cloakroom.administration().show(ADA).await.unwrap().email, ADA);
}

#[tokio::test]
async fn t02_t04_an_undo_works_once_and_for_72_hours_from_the_change() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (confirm, undo) = ask(&app, &ada, ADA, ELSEWHERE).await;
    app.advance(20 * HOUR);
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &confirm).await.status, 200);
    app.advance(71 * HOUR);
    let owner = visitor(&app).await;
    assert_eq!(with_token(&owner, UNDO_EMAIL, &undo).await.status, 200);
    assert_problem(&with_token(&owner, UNDO_EMAIL, &undo).await, 410, "token_invalid");

    let token = app.mail_to(ADA).await.token();
    assert_eq!(confirm_reset(&owner, &token, PASSWORD).await.status, 200);
    let ada = app.signed_in(ADA).await;
    let (confirm, undo) = ask(&app, &ada, ADA, ELSEWHERE).await;
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &confirm).await.status, 200);
    app.advance(72 * HOUR);
    assert_problem(&with_token(&owner, UNDO_EMAIL, &undo).await, 410, "token_invalid");
    assert!(can_sign_in(&app, ELSEWHERE, PASSWORD).await);
}

/// Before the confirmation, the undo in the warning stops the change and ends the session that requested it.
#[tokio::test]
async fn an_undo_before_the_confirmation_stops_the_change() {
    let app = app_with_ada().await;
    let attacker = app.signed_in(ADA).await;
    let (confirm, undo) = ask(&app, &attacker, ADA, "attacker@evil.test").await;
    let owner = app.signed_in(ADA).await;
    let reply = with_token(&owner, UNDO_EMAIL, &undo).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let session = reply.set_cookie("sessionid").expect("the owner's own session is over, too");
    assert!(session.contains("Max-Age=0") && reply.set_cookie("csrftoken").is_some(), "{session}");
    assert_eq!((attacker.get(PROFILE).await.status.as_u16(), owner.state().await), (401, "anonymous".into()));
    assert_problem(&with_token(&attacker, CONFIRM_EMAIL, &confirm).await, 401, "not_authenticated");
    let token = app.mail_to(ADA).await.token();
    assert_eq!(confirm_reset(&owner, &token, NEW).await.status, 200);
    assert_eq!(owner.login(ADA, NEW).await.status, 200);
    assert_problem(&with_token(&owner, CONFIRM_EMAIL, &confirm).await, 410, "token_invalid");
}

/// The attacker signs in, reauthenticates, changes and requests resets while the undo runs. Whichever is
/// first, the attacker ends up with nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s18_nothing_that_runs_beside_an_undo_outlives_it() {
    let app = app_with_ada().await;
    for round in 0..6 {
        let attacker = Arc::new(app.signed_in(ADA).await);
        let (confirm, undo) = ask(&app, &attacker, ADA, "attacker@evil.test").await;
        if round % 2 == 0 {
            assert_eq!(with_token(&attacker, CONFIRM_EMAIL, &confirm).await.status, 200);
        }
        let email = if round % 2 == 0 { "attacker@evil.test" } else { ADA };
        let others = visitors(&app, 3).await;
        let replies = at_once(6, |number| {
            let (attacker, undo, confirm) = (Arc::clone(&attacker), undo.clone(), confirm.clone());
            let other = others.get(number % 3).cloned().unwrap();
            async move {
                match number {
                    0 => {
                        tokio::time::sleep(Duration::from_millis(12 * round)).await;
                        with_token(&other, UNDO_EMAIL, &undo).await
                    }
                    1 => other.login(email, PASSWORD).await,
                    2 => request_reset(&other, email).await,
                    3 => change_email(&attacker, "third@evil.test").await,
                    4 => reauthenticate(&attacker, PASSWORD).await,
                    _ => with_token(&attacker, CONFIRM_EMAIL, &confirm).await,
                }
            }
        })
        .await;
        for reply in &replies {
            assert!(reply.status.as_u16() < 500, "round {round}: {}", reply.text);
        }
        let account = app.cloakroom.administration().show(ADA).await.unwrap();
        assert!(!account.has_password && account.email == ADA, "round {round}");
        assert_eq!(app.database.rows("sessions").await, 0, "round {round}");
        let waiting =
            "SELECT kind FROM cloakroom_challenges WHERE user_id IS NOT NULL AND kind = 'email_change'";
        assert_eq!(app.database.texts(waiting).await.len(), 0, "round {round}");
        for mail in app.mails().await.iter().filter(|mail| mail.to.ends_with("@evil.test")) {
            if mail.text.contains("/reset-password#token=") {
                let reply = confirm_reset(&visitor(&app).await, &mail.token(), NEW).await;
                assert_problem(&reply, 410, "token_invalid");
            }
        }
        app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap();
    }
}
