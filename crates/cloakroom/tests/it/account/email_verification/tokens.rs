//! Limits of a token: one purpose, one address, and no success by guessing (T07, T08, T10, B11).

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD};
use http::Method;
use serde_json::json;

use crate::support::app::App;
use crate::support::calls::{
    CONFIRM_EMAIL, UNDO_EMAIL, change_email, confirm_reset, reset_token, sign_up, verify, verify_with,
    with_token,
};
use crate::support::people::{ADA, EVE, NEW, app_with_ada, can_sign_in, visitor};
use crate::support::replies::assert_problem;

/// Makes one token of each kind, all for Ada's account or her addresses.
async fn tokens(app: &App, ada: &Browser) -> Vec<(&'static str, String)> {
    let reply = change_email(ada, "ada@elsewhere.test").await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let change = app.mail_to("ada@elsewhere.test").await.token();
    let undo = app.mail_to(ADA).await.token();
    vec![
        ("/api/email/verify/", sign_up(app, &visitor(app).await, EVE, PASSWORD).await),
        ("/api/password/reset/confirm/", reset_token(app, ADA).await),
        (CONFIRM_EMAIL, change),
        (UNDO_EMAIL, undo),
    ]
}

#[tokio::test]
async fn t07_a_token_for_one_purpose_is_invalid_for_another() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let tokens = tokens(&app, &ada).await;
    let nobody = visitor(&app).await;
    let mut tried = 0;
    for (path, _) in &tokens {
        for (purpose, token) in &tokens {
            if path == purpose {
                continue;
            }
            let body = match *path {
                "/api/email/verify/" | "/api/password/reset/confirm/" => {
                    json!({"token": token, "password": NEW})
                }
                _ => json!({"token": token}),
            };
            let browser = if *path == CONFIRM_EMAIL { &ada } else { &nobody };
            let reply = browser.post(path, &body).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.code()),
                (410, "token_invalid"),
                "{purpose} at {path}"
            );
            tried += 1;
        }
        for path in ["/api/email/verify/check/", "/api/password/reset/check/"] {
            let fits = |purpose: &str| purpose.starts_with(path.trim_end_matches("check/"));
            for (purpose, token) in tokens.iter().filter(|(purpose, _)| !fits(purpose)) {
                assert_problem(&with_token(&nobody, path, token).await, 410, "token_invalid");
                assert_ne!(*purpose, path);
            }
        }
    }
    assert_eq!(tried, 12);
    assert_eq!(ada.state().await, "authenticated");
    assert!(can_sign_in(&app, ADA, PASSWORD).await, "nothing has happened");
    assert_eq!(app.database.rows("users").await, 1);
    // Each token still works for its own purpose.
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &tokens[2].1).await.status, 200);
    assert_eq!(verify_with(&nobody, &tokens[0].1, NEW).await.status, 200);
}

#[tokio::test]
async fn t08_a_token_is_for_its_own_address_whatever_else_is_sent() {
    let app = app_with_ada().await;
    let id = app.cloakroom.administration().show(ADA).await.unwrap().id;
    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let reset = {
        app.add("bob@example.test", Rank::Plain).await;
        reset_token(&app, "bob@example.test").await
    };
    for (field, value) in [("email", ADA), ("user_id", &id), ("id", &id), ("username", ADA)] {
        for (path, token) in [("/api/email/verify/", &token), ("/api/password/reset/confirm/", &reset)] {
            let mut body = json!({"token": token, "password": NEW});
            body[field] = json!(value);
            assert_problem(&browser.post(path, &body).await, 422, "validation_failed");
        }
    }
    assert_eq!(confirm_reset(&visitor(&app).await, &reset, NEW).await.status, 200);
    assert_eq!(verify(&browser, &token).await.status, 200);
    assert!(can_sign_in(&app, ADA, PASSWORD).await && !can_sign_in(&app, ADA, NEW).await);
}

#[tokio::test]
async fn t10_checking_a_link_does_not_use_it_up() {
    let app = app_with_ada().await;
    let token = sign_up(&app, &visitor(&app).await, EVE, PASSWORD).await;
    let reset = reset_token(&app, ADA).await;
    let scanner = visitor(&app).await;
    for (path, token, seen) in [
        ("/api/email/verify/", &token, json!({"email": EVE})),
        ("/api/password/reset/", &reset, json!({"email": ADA, "identities": []})),
    ] {
        for _ in 0..5 {
            let looked = with_token(&scanner, &format!("{path}check/"), token).await;
            assert_eq!((looked.status.as_u16(), looked.json()), (200, seen.clone()), "{path}");
            assert!(!looked.headers.contains_key("set-cookie"), "{path}");
            for method in [Method::GET, Method::HEAD] {
                for path in [path, &format!("{path}check/")] {
                    let reply = scanner.call(&method, &format!("{path}?token={token}")).send().await;
                    assert_eq!(reply.status, 405, "{path}");
                }
            }
        }
    }
    assert_eq!(verify_with(&visitor(&app).await, &token, NEW).await.status, 200);
    assert_eq!(confirm_reset(&visitor(&app).await, &reset, NEW).await.status, 200);
}

#[tokio::test]
async fn b11_a_hundred_guessed_tokens_are_a_hundred_refusals() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, EVE, PASSWORD).await;
    let mut near = token.clone().into_bytes();
    for position in (0..100).map(|number| number % token.len()) {
        near[position] = if near[position] == b'A' { b'B' } else { b'A' };
        let guess = String::from_utf8(near.clone()).unwrap();
        assert_problem(&verify_with(&browser, &guess, NEW).await, 410, "token_invalid");
        near[position] = token.as_bytes()[position];
    }
    for guess in
        ["", " ", "null", &token[..42], &format!("{token}A"), &token.to_lowercase(), &"x".repeat(60_000)]
    {
        assert_problem(&verify(&browser, guess).await, 410, "token_invalid");
    }
    assert_eq!(verify(&browser, &token).await.status, 200);
}
