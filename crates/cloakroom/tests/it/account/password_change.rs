//! `POST /api/password/change/` (`flow/account/password_change.rs`; security cases B12, S03, S06, S15, S18,
//! T06, W01, W04, W09, W12).

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::app;
use crate::support::calls::{
    CONFIRM_EMAIL, PROFILE, change_email, change_password, confirm_reset, reauthenticate, reset_token,
    with_token,
};
use crate::support::concurrency::{REVOCATION_DEADLINE, at_once, within};
use crate::support::people::{
    ADA, EVE, NEW, WRONG, app_with_ada, bad_passwords, can_sign_in, same_browser_at, visitor,
};
use crate::support::replies::assert_problem;

/// S06: all other sessions end, and this one continues under a new ticket.
#[tokio::test]
async fn s03_s06_s15_a_change_ends_every_other_session_and_renews_this_one() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    let (here, other) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    let before = here.copy();
    let there = same_browser_at(&node, &other);
    assert_eq!(
        (there.get(PROFILE).await.status, other.get(PROFILE).await.status.as_u16()),
        (http::StatusCode::OK, 200)
    );
    let reply = change_password(&here, PASSWORD, NEW).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.json()["detail"].is_string());
    for name in ["sessionid", "csrftoken"] {
        assert_ne!(here.cookie(name), before.cookie(name), "{name}");
    }
    assert_eq!(here.cookie("browser"), before.cookie("browser"));
    assert_eq!(
        (here.get(PROFILE).await.status.as_u16(), before.get(PROFILE).await.status.as_u16()),
        (200, 401)
    );
    assert_eq!((other.get(PROFILE).await.status.as_u16(), app.database.rows("sessions").await), (401, 1));
    within(REVOCATION_DEADLINE, async || there.get(PROFILE).await.status == 401).await;
    assert_eq!(app.database.rows("browsers").await, 1, "of the browsers, this one is known");
    assert_eq!(
        change_password(&here, NEW, "yet-another-battery").await.status,
        200,
        "with the token of the reply"
    );
    assert!(can_sign_in(&app, ADA, "yet-another-battery").await);
    assert!(!can_sign_in(&app, ADA, NEW).await && !can_sign_in(&app, ADA, PASSWORD).await);
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2, "one notice each");
    assert_eq!((&*mails[0].to, &*mails[0].subject), (ADA, "Your Acme password was changed"));
}

#[tokio::test]
async fn a_change_needs_a_session_and_the_present_password() {
    let app = app_with_ada().await;
    assert_problem(&change_password(&visitor(&app).await, PASSWORD, NEW).await, 401, "not_authenticated");
    let ada = app.signed_in(ADA).await;
    let session = ada.cookie("sessionid");
    for wrong in [WRONG, NEW, "correct-horse-battery ", "Correct-horse-battery"] {
        let reply = change_password(&ada, wrong, NEW).await;
        assert_problem(&reply, 400, "invalid_credentials");
        assert!(!reply.headers.contains_key("set-cookie"));
    }
    assert_eq!((ada.cookie("sessionid"), ada.state().await), (session, "authenticated".into()));
    assert!(can_sign_in(&app, ADA, PASSWORD).await);
    assert_eq!(app.mails().await.len(), 0);
    app.database.change("UPDATE cloakroom_users SET password_hash = NULL").await;
    assert_problem(&change_password(&ada, PASSWORD, NEW).await, 400, "invalid_credentials");
    assert_problem(&change_password(&ada, "", NEW).await, 422, "validation_failed");
    assert_eq!(
        app.database.texts("SELECT id FROM cloakroom_users WHERE password_hash IS NULL").await.len(),
        1
    );
}

#[tokio::test]
async fn w01_w04_w09_a_bad_password_is_refused_with_its_reason() {
    let app = app_with_ada().await;
    app.add(EVE, Rank::Plain).await;
    let eve = app.signed_in(EVE).await;
    for (password, code) in bad_passwords() {
        let reply = change_password(&eve, PASSWORD, &password).await;
        assert_problem(&reply, 422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!("new_password"), &json!(code)),
            "{password:.40}"
        );
    }
    for (current, code) in [("", "required"), (&*"x".repeat(257), "too_long")] {
        let reply = change_password(&eve, current, NEW).await;
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!("current_password"), &json!(code)));
    }
    for body in [
        json!({}),
        json!({"new_password": NEW}),
        json!({"current_password": PASSWORD}),
        json!({"password": NEW}),
    ] {
        assert_problem(&eve.post("/api/password/change/", &body).await, 422, "validation_failed");
    }
    assert!(can_sign_in(&app, EVE, PASSWORD).await);
}

/// B12: a stolen session cannot be used to guess the password. Its attempts count together with logins.
#[tokio::test]
async fn b12_guesses_within_a_session_are_limited_like_logins() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    for number in 0..10 {
        let reply = match number % 3 {
            0 => change_password(&ada, WRONG, NEW).await,
            1 => reauthenticate(&ada, WRONG).await,
            _ => ada.login(ADA, WRONG).await,
        };
        assert_problem(&reply, 400, "invalid_credentials");
    }
    for reply in [
        change_password(&ada, PASSWORD, NEW).await,
        reauthenticate(&ada, PASSWORD).await,
        ada.login(ADA, PASSWORD).await,
    ] {
        assert_problem(&reply, 429, "rate_limited");
        assert!(reply.headers.contains_key("retry-after"));
    }
    assert_eq!(ada.state().await, "authenticated");
    app.advance(Duration::from_mins(15));
    // A correct attempt is refunded, and nothing more.
    for _ in 0..12 {
        assert_eq!(reauthenticate(&ada, PASSWORD).await.status, 200);
    }
    assert_eq!(change_password(&ada, PASSWORD, NEW).await.status, 200);
}

/// B09, B12: attempts from many networks meet the ceiling. Only the owner's known browser passes it.
#[tokio::test]
async fn b12_a_stolen_session_in_another_browser_meets_the_ceiling_over_all_networks() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    let thief = visitor(&app).await;
    let own = thief.cookie("browser").unwrap();
    let guess = async |number: u8| {
        let stolen = ada.copy().at([127, 1, number / 10, 1]);
        stolen.plant("browser", &own);
        reauthenticate(&stolen, WRONG).await
    };
    for number in 0..100 {
        assert_problem(&guess(number).await, 400, "invalid_credentials");
    }
    assert_problem(&guess(250).await, 429, "rate_limited");
    assert_eq!(reauthenticate(&ada, PASSWORD).await.status, 200);
}

/// T06: a change voids everything that was requested before, except the undo, which protects the owner.
#[tokio::test]
async fn t06_a_change_voids_earlier_requests() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let reset = reset_token(&app, ADA).await;
    change_email(&ada, "ada@elsewhere.test").await;
    let change = app.mail_to("ada@elsewhere.test").await.token();
    assert_eq!(change_password(&ada, PASSWORD, NEW).await.status, 200);
    assert_problem(&confirm_reset(&visitor(&app).await, &reset, WRONG).await, 410, "token_invalid");
    assert_problem(&with_token(&ada, CONFIRM_EMAIL, &change).await, 410, "token_invalid");
    assert!(can_sign_in(&app, ADA, NEW).await);
}

/// W12: two changes and a login at once, all with the same current password.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w12_one_of_two_concurrent_changes_wins() {
    let app = app_with_ada().await;
    let mut present = PASSWORD.to_owned();
    for round in 0..5 {
        let browsers = [Arc::new(app.browser()), Arc::new(app.browser()), Arc::new(app.browser())];
        for browser in &browsers {
            browser.open_login_page().await;
        }
        for browser in &browsers[..2] {
            assert_eq!(browser.login(ADA, &present).await.status, 200);
        }
        let replies = at_once(3, |number| {
            let (browser, present) = (Arc::clone(&browsers[number]), present.clone());
            async move {
                if number == 2 {
                    tokio::time::sleep(Duration::from_millis(10 * round)).await;
                    browser.login(ADA, &present).await
                } else {
                    change_password(&browser, &present, &format!("battery-horse-{round}-{number}")).await
                }
            }
        })
        .await;
        for reply in &replies {
            assert!(matches!(reply.status.as_u16(), 200 | 400 | 401), "round {round}: {}", reply.text);
        }
        let mut alive = Vec::new();
        for (number, browser) in browsers.iter().enumerate() {
            if browser.get(PROFILE).await.status == 200 {
                alive.push(number);
            }
        }
        assert_eq!((alive.len(), app.database.rows("sessions").await), (1, 1), "round {round}: {alive:?}");
        assert_ne!(alive, [2], "round {round}: no session of the old password");
        let new = format!("battery-horse-{round}-{}", alive[0]);
        assert!(
            can_sign_in(&app, ADA, &new).await && !can_sign_in(&app, ADA, &present).await,
            "round {round}"
        );
        app.cloakroom.administration().set_password(ADA, &new).await.unwrap();
        present = new;
    }
}

/// S18: a session that ends while it changes the password does not come back under a new ticket.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s18_a_session_that_is_ended_meanwhile_is_not_renewed() {
    let app = Arc::new(app_with_ada().await);
    for round in 0..8 {
        app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap();
        let (owner, thief) = (Arc::new(app.signed_in(ADA).await), Arc::new(app.signed_in(ADA).await));
        let replies = at_once(2, |number| {
            let (owner, thief) = (Arc::clone(&owner), Arc::clone(&thief));
            async move {
                if number == 0 {
                    tokio::time::sleep(Duration::from_millis(8 * round)).await;
                    owner.post("/api/logout/all/", &json!({})).await
                } else if round % 2 == 0 {
                    change_password(&thief, PASSWORD, NEW).await
                } else {
                    reauthenticate(&thief, PASSWORD).await
                }
            }
        })
        .await;
        let out = replies.iter().find(|reply| reply.text.contains("Logout"));
        if out.is_some() {
            assert_eq!(thief.get(PROFILE).await.status, 401, "round {round}");
            assert_eq!(app.database.rows("sessions").await, 0, "round {round}");
        } else {
            // The change committed first, and ended the session that requested the sign-out everywhere.
            assert!(replies.iter().any(|reply| reply.code() == "not_authenticated"), "round {round}");
        }
    }
}
