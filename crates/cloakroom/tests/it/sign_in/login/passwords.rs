//! Comparison of passwords (W01 to W03, W09).

use std::time::{Duration, Instant};

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use super::{app_with_accounts, set_hash, weaker_hash};
use crate::support::people::{ADA, visitor};
use crate::support::timing::assert_alike;

#[tokio::test]
async fn w01_an_overlong_password_is_refused_before_hashing() {
    let app = app_with_accounts().await;
    let browser = visitor(&app).await;
    let longest = browser.login(ADA, &"x".repeat(256)).await;
    assert_eq!(longest.code(), "invalid_credentials", "256 bytes may be a password");
    for password in ["x".repeat(257), "\u{e9}".repeat(129), "x".repeat(60_000)] {
        let mut quickest = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let reply = browser.login(ADA, &password).await;
            quickest = quickest.min(start.elapsed());
            assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "validation_failed"));
            assert_eq!(reply.json()["errors"][0]["field"], "password");
            assert_eq!(reply.json()["errors"][0]["code"], "too_long");
        }
        assert!(quickest < Duration::from_millis(50), "{quickest:?}");
    }
    let new = app.cloakroom.administration().set_password(ADA, &"xy".repeat(129)).await;
    assert_eq!(new.unwrap_err().code(), "validation_failed");
}

/// W02, W03: a password is not truncated, trimmed or case-folded.
#[tokio::test]
async fn w02_w03_only_the_exact_characters_sign_in() {
    let app = app_with_accounts().await;
    let long = "x".repeat(255);
    let cases = [
        (
            format!("{long}a"),
            vec![format!("{long}b"), long[..72].to_owned(), long[..127].to_owned(), long.clone()],
        ),
        (
            " padded horse battery ".into(),
            vec!["padded horse battery".into(), " padded horse battery".into()],
        ),
        (
            "caf\u{e9} horse battery".into(),
            vec!["cafe horse battery".into(), "CAF\u{c9} horse battery".into()],
        ),
        ("nul\0 horse battery".into(), vec!["nul".into(), "nul horse battery".into()]),
        ("nbsp\u{a0}horse battery".into(), vec!["nbsp horse battery".into()]),
        ("\u{1f434}\u{1f50b}".repeat(6), vec!["\u{1f434}\u{1f50b}".repeat(5)]),
        ("Case Horse Battery".into(), vec!["case horse battery".into()]),
    ];
    for (password, others) in cases {
        app.cloakroom.administration().set_password(ADA, &password).await.unwrap();
        let browser = visitor(&app).await;
        for other in others {
            assert_eq!(browser.login(ADA, &other).await.code(), "invalid_credentials", "{other:?}");
        }
        assert_eq!(browser.login(ADA, &password).await.status, 200, "{password:?}");
    }
}

/// N8: Unicode forms that look the same are one password, wherever it was chosen and typed.
#[tokio::test]
async fn finding_n8_w03_a_password_works_in_every_unicode_form() {
    let app = app_with_accounts().await;
    let forms = ["caf\u{e9} horse battery", "cafe\u{301} horse battery"];
    for chosen in forms {
        app.cloakroom.administration().set_password(ADA, chosen).await.unwrap();
        for typed in forms {
            let ada = visitor(&app).await;
            assert_eq!(ada.login(ADA, typed).await.status, 200, "{chosen:?} typed as {typed:?}");
            let again = ada.post("/api/reauthenticate/", &json!({"password": typed})).await;
            assert_eq!(again.status, 200, "{}", again.text);
        }
    }
    // Decomposed, this password has more bytes than are allowed.
    let (longest, parts) = ("\u{e9}".repeat(128), "e\u{301}".repeat(128));
    app.cloakroom.administration().set_password(ADA, &longest).await.unwrap();
    assert_eq!(visitor(&app).await.login(ADA, &parts).await.status, 200);
    // The length counts visible characters.
    for short in ["\u{e9}".repeat(9), "e\u{301}".repeat(9)] {
        let refused = app.cloakroom.administration().set_password(ADA, &short).await.unwrap_err();
        assert_eq!(refused.code(), "validation_failed", "{short:?}");
    }
}

/// The second comparison depends on what was typed, never on the account.
#[tokio::test]
async fn finding_n8_e02_the_second_form_reveals_nothing_about_the_account() {
    let app = app_with_accounts().await;
    app.add("weak@example.test", Rank::Plain).await;
    set_hash(&app, "weak@example.test", Some(&weaker_hash(PASSWORD))).await;
    let browser = visitor(&app).await;
    let kinds = [ADA, "nobody@example.test", "social@example.test", "weak@example.test"];
    assert_alike("a wrong password in parts", &kinds, async |email| {
        assert_eq!(browser.login(email, "wrong cafe\u{301} horse").await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn w09_an_account_without_a_password_does_not_have_an_empty_one() {
    let app = app_with_accounts().await;
    for stored in [None, Some(""), Some("!")] {
        set_hash(&app, "social@example.test", stored).await;
        let browser = visitor(&app).await;
        for (body, code) in [
            (json!({"email": "social@example.test", "password": ""}), "required"),
            (json!({"email": "social@example.test"}), "required"),
            (json!({"email": "social@example.test", "password": null}), "invalid"),
        ] {
            let reply = browser.post("/api/login/", &body).await;
            assert_eq!(reply.status, 422, "{body}: {}", reply.text);
            assert_eq!(reply.json()["errors"][0]["field"], "password", "{body}");
            assert_eq!(reply.json()["errors"][0]["code"], code, "{body}");
        }
        for password in ["!", " ", "\0", "null"] {
            assert_eq!(browser.login("social@example.test", password).await.code(), "invalid_credentials");
        }
        assert_eq!(browser.state().await, "anonymous");
    }
}
