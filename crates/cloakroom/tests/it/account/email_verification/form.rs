//! The request body of a verification, and steps out of order (M07, W01, W04, W09).

use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::app_without_limits;
use crate::support::calls::{
    CONFIRM_EMAIL, UNDO_EMAIL, confirm_reset, sign_up, verify, verify_with, verify_with_code,
};
use crate::support::people::{EVE, NEW, app_with_ada, bad_passwords, visitor};
use crate::support::replies::assert_problem;

#[tokio::test]
async fn m07_a_verification_is_by_token_or_by_code_never_both() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    let (token, code) = (mail.token(), mail.code());
    for body in [
        json!({}),
        json!({"token": null}),
        json!({"email": EVE}),
        json!({"code": code}),
        json!({"password": NEW}),
        json!({"email": EVE, "password": NEW}),
        json!({"email": EVE, "code": code, "password": NEW}),
        json!({"token": token, "code": code}),
        json!({"token": token, "email": EVE, "code": code}),
        json!({"token": [token]}),
        json!({"email": EVE, "code": 123_456}),
        json!({"email": "eve", "code": code}),
        json!([token]),
    ] {
        assert_problem(&browser.post("/api/email/verify/", &body).await, 422, "validation_failed");
    }
    for body in [json!({}), json!({"token": null}), json!({"token": 1}), json!({"email": EVE})] {
        for path in ["/api/email/verify/check/", "/api/password/reset/check/", UNDO_EMAIL] {
            assert_problem(&browser.post(path, &body).await, 422, "validation_failed");
        }
    }
    assert_eq!(app.database.rows("users").await, 0);
    assert_eq!(verify(&browser, &token).await.status, 200);
}

/// W01, W04, W09: a password given in another browser is checked as at signup, and a refusal leaves the link
/// valid.
#[tokio::test]
async fn w01_w04_w09_a_bad_password_leaves_the_link_good() {
    let app = app_without_limits().await;
    let token = sign_up(&app, &visitor(&app).await, EVE, PASSWORD).await;
    let browser = visitor(&app).await;
    for (password, code) in bad_passwords() {
        let reply = verify_with(&browser, &token, &password).await;
        assert_problem(&reply, 422, "validation_failed");
        assert_eq!(reply.json()["errors"][0]["code"], code, "{password:.40}");
    }
    assert_eq!(verify_with(&browser, &token, NEW).await.status, 200);
}

/// M07: calls that need a session say so, and calls whose previous step is missing fail.
#[tokio::test]
async fn m07_steps_out_of_order_fail() {
    let app = app_with_ada().await;
    let nobody = visitor(&app).await;
    for path in [CONFIRM_EMAIL, "/api/email/change/", "/api/password/change/", "/api/reauthenticate/"] {
        let body = match path {
            CONFIRM_EMAIL => json!({"token": "x"}),
            "/api/email/change/" => json!({"email": EVE}),
            "/api/password/change/" => json!({"current_password": PASSWORD, "new_password": NEW}),
            _ => json!({"password": PASSWORD}),
        };
        let reply = nobody.post(path, &body).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{path}");
        assert_eq!(reply.json()["type"], "about:blank");
    }
    // A code without a signup, an invented link, and a token used for the wrong call.
    assert_eq!(verify_with_code(&nobody, EVE, "123456").await.code(), "invalid_code");
    assert_eq!(verify_with(&nobody, &"A".repeat(43), NEW).await.code(), "token_invalid");
    assert_eq!(confirm_reset(&nobody, &"A".repeat(43), NEW).await.code(), "token_invalid");
    let token = sign_up(&app, &nobody, EVE, PASSWORD).await;
    assert_eq!(confirm_reset(&nobody, &token, NEW).await.code(), "token_invalid");
    assert_eq!(app.database.rows("users").await, 1);
}
