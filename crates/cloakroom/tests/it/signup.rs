//! Signing up and proving the address.

use cloakroom::testing::{Browser, PASSWORD, Reply, TestApp};
use serde_json::json;

use crate::database::app;

/// A browser that has opened a page.
async fn visitor(app: &TestApp) -> Browser {
    let browser = app.browser();
    browser.open_login_page().await;
    browser
}

async fn verify(browser: &Browser, token: &str) -> Reply {
    browser.post("/api/email/verify/", &json!({"token": token})).await
}

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
    assert_eq!(browser.state().await, "authenticated");
    assert_eq!(visitor(&app).await.login("eve@example.test", PASSWORD).await.status, 200);
    assert_eq!(
        verify(&visitor(&app).await, &mail.token()).await.code(),
        "token_invalid",
        "a link works once"
    );
}

#[tokio::test]
async fn the_code_signs_in_in_the_same_browser_only() {
    let app = app().await;
    let browser = visitor(&app).await;
    browser.signup("eve@example.test", PASSWORD).await;
    let code = app.mail_to("eve@example.test").await.code();
    let body = json!({"email": "EVE@example.test", "code": format!("{} {}", &code[..3], &code[3..])});
    let elsewhere = visitor(&app).await.post("/api/email/verify/", &body).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.code()), (400, "invalid_code".into()));
    let reply = browser.post("/api/email/verify/", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(browser.state().await, "authenticated");
}

#[tokio::test]
async fn t16_another_browser_brings_a_password_and_that_one_becomes_the_accounts() {
    let app = app().await;
    let attacker = visitor(&app).await;
    attacker.signup("eve@example.test", "the-attackers-own-choice").await;
    let token = app.mail_to("eve@example.test").await.token();

    let owner = visitor(&app).await;
    let reply = verify(&owner, &token).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (403, "password_required".into()));
    let weak = owner.post("/api/email/verify/", &json!({"token": token, "password": "short"})).await;
    assert_eq!((weak.status.as_u16(), weak.code()), (422, "validation_failed".into()));
    let reply = owner.post("/api/email/verify/", &json!({"token": token, "password": PASSWORD})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(owner.state().await, "authenticated");

    assert_eq!(attacker.state().await, "anonymous");
    let reply = attacker.login("eve@example.test", "the-attackers-own-choice").await;
    assert_eq!(reply.code(), "invalid_credentials");
}
