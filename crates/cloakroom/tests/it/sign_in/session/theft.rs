//! Planted and stolen values open nothing and end nothing (S02, S13, S14).

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use http::Method;
use serde_json::json;

use super::{GRACE, app_with_ada, cookie_of, status_with};
use crate::support::people::ADA;

#[tokio::test]
async fn s02_a_planted_ticket_is_never_adopted() {
    let app = app_with_ada().await;
    let planted = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    let browser = app.browser();
    browser.plant("sessionid", planted);
    let page = browser.open_login_page().await;
    assert!(page.set_cookie("sessionid").is_none());
    let reply = browser.login(ADA, PASSWORD).await;
    assert_eq!(reply.status, 200, "a dead ticket does not stand in the way: {}", reply.text);
    assert_ne!(cookie_of(&reply, "sessionid").0, planted);
    assert_eq!(status_with(&app, "sessionid", planted).await, 401);
}

#[tokio::test]
async fn s02_a_planted_browser_cookie_opens_nothing() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let session = ada.cookie("sessionid").unwrap();
    assert_eq!(status_with(&app, "browser", &session).await, 401);
    assert_eq!(status_with(&app, "sessionid", &ada.cookie("browser").unwrap()).await, 401);
}

#[tokio::test]
async fn s13_a_stolen_database_holds_nothing_that_signs_in() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (ticket, browser) = (ada.cookie("sessionid").unwrap(), ada.cookie("browser").unwrap());
    let loot = app.database.stolen().await;
    assert!(loot.contains(ADA), "the search finds what is there");
    let hash = |text: &str| {
        use base64::Engine as _;
        use sha2::Digest as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(text))
    };
    assert!(loot.contains(&hash(&ticket)), "the session is kept as the SHA-256 of its ticket");
    for (what, secret) in [
        ("ticket", &*ticket),
        ("browser", &*browser),
        ("csrf token", &*ada.cookie("csrftoken").unwrap()),
        ("password", PASSWORD),
    ] {
        assert!(!loot.contains(secret), "the {what} lies in the database");
    }
    assert_eq!(status_with(&app, "sessionid", &hash(&ticket)).await, 401, "a hash is no ticket");
}

#[tokio::test]
async fn s14_nothing_that_may_be_known_of_a_session_ends_it() {
    let app = app_with_ada().await;
    app.add(GRACE, Rank::Plain).await;
    let (ada, grace) = (app.signed_in(ADA).await, app.signed_in(GRACE).await);
    let mut known = app.database.texts("SELECT id FROM cloakroom_sessions").await;
    known.extend(app.database.texts("SELECT ticket_hash FROM cloakroom_sessions").await);
    known.extend(app.database.texts("SELECT id FROM cloakroom_users").await);
    assert_eq!(known.len(), 6);
    let own = grace.cookie("sessionid").unwrap();
    let token = grace.cookie("csrftoken").unwrap();
    for value in &known {
        for cookies in [
            format!("sessionid={value}; csrftoken={token}"),
            format!("sessionid={own}; sessionid={value}; csrftoken={token}"),
            format!("sessionid={value}; sessionid={own}; csrftoken={token}"),
        ] {
            // A copy of the cookies, because the refusal sets a token of its own.
            let thief = grace.copy();
            let call = thief.call(&Method::POST, "/api/logout/").instead("cookie", &cookies);
            let reply = call.instead("x-csrftoken", &token).body("{}").send().await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{cookies}");
        }
        let in_the_body = grace.post("/api/logout/", &json!({"session": value})).await;
        assert_eq!(in_the_body.status, 422, "{value}");
    }
    assert_eq!(ada.state().await, "authenticated");
    assert_eq!(grace.state().await, "authenticated");
}
