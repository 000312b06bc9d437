//! The request body of a login, checked field by field (W10, M01).

use cloakroom::testing::PASSWORD;
use serde_json::{Value, json};

use super::app_with_accounts;
use crate::support::app::app;
use crate::support::calls::ACCOUNT_FIELDS;
use crate::support::people::{ADA, visitor};

#[tokio::test]
async fn w10_a_password_is_text_and_nothing_else() {
    let app = app_with_accounts().await;
    let browser = visitor(&app).await;
    for value in [json!(1), json!(1e300), json!(true), json!([PASSWORD]), json!({"": PASSWORD}), Value::Null]
    {
        for field in ["email", "password"] {
            let mut body = json!({"email": ADA, "password": PASSWORD});
            body[field] = value.clone();
            let reply = browser.post("/api/login/", &body).await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "validation_failed"), "{body}");
            let error = &reply.json()["errors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!("invalid")), "{body}");
            assert_eq!(browser.state().await, "anonymous", "{body}");
        }
    }
}

#[tokio::test]
async fn m01_unknown_fields_are_refused_and_change_nothing() {
    let app = app_with_accounts().await;
    let browser = visitor(&app).await;
    let others = ["created_at", "next", "Email", ""];
    for field in ACCOUNT_FIELDS.into_iter().chain(others) {
        let mut body = json!({"email": ADA, "password": PASSWORD});
        body[field] = json!(true);
        let reply = browser.post("/api/login/", &body).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (422, "validation_failed"), "{field}");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!("unknown")), "{field}");
        assert_eq!(browser.state().await, "anonymous", "{field}");
    }
    let account = app.cloakroom.administration().show(ADA).await.unwrap();
    assert!(account.is_active && !account.is_staff && !account.is_superuser);
    let reply = browser.post("/api/logout/", &json!({"user_id": account.id})).await;
    assert_eq!(reply.json()["errors"][0]["code"], "unknown");
}

#[tokio::test]
async fn an_invalid_form_is_reported_field_by_field() {
    let app = app().await;
    let browser = visitor(&app).await;
    let required = |field: &str, detail: &str| json!({"field": field, "code": "required", "detail": detail});
    let email = required("email", "Enter your email address.");
    let password = required("password", "Enter your password.");
    for (body, errors) in [
        (json!({}), json!([email, password])),
        (json!({"email": "", "password": ""}), json!([email, password])),
        (json!({"email": " \t", "password": "x"}), json!([email])),
        (json!({"email": ADA}), json!([password])),
    ] {
        let reply = browser.post("/api/login/", &body).await;
        assert_eq!(reply.status, 422, "{body}");
        let problem = reply.json();
        assert_eq!(problem["errors"], errors, "{body}");
        assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(422)));
        assert_eq!(problem["code"], "validation_failed");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    for email in [
        "ada",
        "ada@",
        "@example.test",
        "ada@example..test",
        "a@b@c",
        "ada@x.test,eve@y.test",
        &"a".repeat(60_000),
    ] {
        let reply = browser.login(email, PASSWORD).await;
        assert_eq!(reply.status, 422, "{email}");
        assert_eq!(reply.json()["errors"][0]["field"], "email");
        assert_eq!(reply.json()["errors"][0]["code"], "invalid");
    }
    assert_eq!(app.database.rows("limits").await, 0, "what cannot be right is not counted");
}
