//! Paths and methods (P05).

use cloakroom::testing::PASSWORD;
use http::Method;
use serde_json::{Value, json};

use super::{app_and_page, assert_problem};
use crate::support::people::ADA;

/// Lists every combination of path and method that the document does not have.
fn wrong_methods() -> Vec<(Method, String, Vec<String>)> {
    let document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    let mut wrong = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut allowed: Vec<String> =
            item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        if allowed.contains(&"GET".to_owned()) {
            allowed.push("HEAD".to_owned());
        }
        allowed.sort();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            if !allowed.contains(&method.to_owned()) {
                wrong.push((method.parse().unwrap(), path.clone(), allowed.clone()));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn p05_a_wrong_method_is_405_and_the_reply_lists_the_right_ones() {
    let (_app, browser) = app_and_page().await;
    for (method, path, allowed) in wrong_methods() {
        for path in [&*path, path.trim_end_matches('/')] {
            let reply = browser.call(&method, path).json(&json!({})).send().await;
            let what = format!("{method} {path}");
            assert_problem(&reply, 405, "method_not_allowed", &what);
            let mut told: Vec<&str> =
                reply.headers["allow"].to_str().unwrap().split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{what}");
        }
    }
}

#[tokio::test]
async fn every_path_works_with_and_without_its_last_slash() {
    let (app, browser) = app_and_page().await;
    for path in ["/api/config", "/api/session", "/api/login-set-cookie", "/api/docs"] {
        let (with, without) = (browser.get(&format!("{path}/")).await, browser.get(path).await);
        assert_eq!((with.status.as_u16(), without.status.as_u16()), (200, 200), "{path}");
        assert_eq!(with.text, without.text, "{path}");
        assert_eq!(without.headers["cache-control"], "no-store", "{path}");
    }
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(browser.post("/api/login", &body).await.status, 200);
    assert_eq!(browser.get("/api/users/profile").await.json()["email"], ADA);
    assert_eq!(browser.post("/api/logout/all", &json!({})).await.status, 200);
    assert_eq!(browser.post("/api/logout", &json!({})).await.status, 200);
    assert_eq!(app.database.rows("sessions").await, 0);
}
