//! Signup replies reveal nothing about accounts (E03, E05, E06, E10).

use std::collections::BTreeSet;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::app_without_limits;
use crate::support::calls::{sign_up, verify, verify_with_code};
use crate::support::people::{ADA, EVE, app_with_ada, app_with_ada_mailing_to, visitor};
use crate::support::replies::{assert_problem, seen};
use crate::support::smtp_sink::SmtpSink;
use crate::support::timing::assert_alike;

/// E03: the reply reveals nothing, and the mail tells the owner of the address.
#[tokio::test]
async fn e03_every_signup_gets_the_same_answer_and_one_mail() {
    let app = app_with_ada().await;
    for email in ["alan@example.test", "social@example.test", "waiting@example.test"] {
        if email != "waiting@example.test" {
            app.add(email, Rank::Plain).await;
        }
    }
    app.cloakroom.administration().set_active("alan@example.test", false).await.unwrap();
    app.database.change("UPDATE cloakroom_users SET password_hash = NULL WHERE email LIKE 'social%'").await;
    sign_up(&app, &visitor(&app).await, "waiting@example.test", PASSWORD).await;

    let browser = visitor(&app).await;
    let fresh = browser.signup(EVE, PASSWORD).await;
    assert_eq!(fresh.status, 202, "{}", fresh.text);
    assert_eq!(fresh.json()["detail"], "Check your email");
    let mut before = app.mails().await.len();
    for (typed, to, knows) in [
        (ADA, ADA, true),
        ("ADA@Example.Test", ADA, true),
        ("\u{ff41}da@example.test", ADA, true),
        ("alan@example.test", "alan@example.test", true),
        ("social@example.test", "social@example.test", true),
        ("waiting@example.test", "waiting@example.test", false),
        ("Eve@example.test", "Eve@example.test", false),
    ] {
        let reply = browser.signup(typed, PASSWORD).await;
        assert_eq!(seen(&reply), seen(&fresh), "{typed}");
        let mails = app.mails().await;
        assert_eq!(mails.len(), before + 1, "{typed}: one mail for each call");
        before = mails.len();
        let mail = &mails[0];
        assert_eq!(mail.to, to, "{typed}");
        assert_eq!(mail.subject.contains("already have an account"), knows, "{typed}: {}", mail.subject);
        assert_eq!(mail.text.contains("token="), !knows, "{typed}: {}", mail.text);
        assert_eq!(mail.html.contains("token="), !knows, "{typed}");
    }
    assert_eq!(app.database.rows("users").await, 3, "nothing has come of any");
}

/// E03, E05: later calls reveal nothing either: to a stranger, an address with an account looks like one with
/// a pending signup.
#[tokio::test]
async fn e05_resending_and_guessing_codes_reveal_nothing() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    for email in [ADA, EVE] {
        browser.signup(email, PASSWORD).await;
    }
    for path in ["/api/signup/resend/", "/api/signup/", "/api/password/reset/"] {
        let body = |email: &str| match path {
            "/api/signup/" => json!({"email": email, "password": PASSWORD}),
            _ => json!({"email": email}),
        };
        let known = browser.post(path, &body(ADA)).await;
        for email in [EVE, "nobody@example.test"] {
            assert_eq!(seen(&browser.post(path, &body(email)).await), seen(&known), "{path} {email}");
        }
    }
    for _ in 0..7 {
        let known = verify_with_code(&browser, ADA, "123456").await;
        assert_problem(&known, 400, "invalid_code");
        for email in [EVE, "nobody@example.test"] {
            assert_eq!(seen(&verify_with_code(&browser, email, "123456").await), seen(&known), "{email}");
        }
    }
}

/// E06: the form is checked in the same way for all addresses, before anything is looked up.
#[tokio::test]
async fn e06_errors_are_the_same_for_a_known_and_a_free_address() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    for password in ["", "short", "1234567890", "example.test", &"x".repeat(300)] {
        let (known, free) =
            (browser.signup(ADA, password).await, browser.signup("bob@example.test", password).await);
        assert_problem(&free, 422, "validation_failed");
        assert_eq!(seen(&known), seen(&free), "{password}");
    }
    assert_eq!(app.mails().await.len(), 0);
}

#[tokio::test]
async fn e03_response_times_reveal_nothing_with_the_mail_server_up_down_or_slow() {
    let mut sink = SmtpSink::start(&json!({}));
    let app = app_with_ada_mailing_to(&sink).await;
    let browser = visitor(&app).await;
    for (what, behaviour) in [
        ("up", json!({"behaviour": "accept"})),
        ("down", json!({"behaviour": "drop", "at": "connect"})),
        ("a tarpit", json!({"behaviour": "hang", "at": "mail"})),
    ] {
        sink.behave(&behaviour);
        assert_alike(what, &[ADA, EVE], async |email| {
            assert_eq!(browser.signup(email, PASSWORD).await.status, 202);
        })
        .await;
    }
}

/// E10: an id reveals no count and opens nothing.
#[tokio::test]
async fn e10_ids_cannot_be_guessed_and_open_nothing() {
    let app = app_without_limits().await;
    let mut ids = BTreeSet::new();
    for number in 0..50 {
        let email = format!("p{number}@example.test");
        let browser = visitor(&app).await;
        let token = sign_up(&app, &browser, &email, PASSWORD).await;
        let reply = verify(&browser, &token).await;
        ids.insert(reply.json()["user"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 50);
    // A UUIDv7 has 74 random bits.
    let random: BTreeSet<String> = ids.iter().map(|id| id[15..].to_owned()).collect();
    assert_eq!(random.len(), 50);
    let beginnings: BTreeSet<&str> = random.iter().map(|random| &random[..3]).collect();
    assert!(beginnings.len() > 25, "they do not count up: {beginnings:?}");
    let browser = visitor(&app).await;
    for id in ids.iter().take(3) {
        for path in [
            format!("/api/users/{id}/"),
            format!("/api/users/profile/{id}/"),
            format!("/api/users/profile/?id={id}"),
        ] {
            let reply = browser.get(&path).await;
            assert!(matches!(reply.status.as_u16(), 401 | 404), "{path}: {}", reply.text);
        }
    }
}
