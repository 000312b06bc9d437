//! Answers of a provider: errors instead of a code, bodies of generated clients, and replies of unfinished
//! attempts.

use cloakroom::administration::Rank;
use cloakroom::testing::{Kind, Person};
use serde_json::json;

use crate::support::log_lines::LogLines;
use crate::support::social_app::{SocialApp, assert_refused, outcome, post_callback, social_app};

/// Begins an attempt and returns from the provider with an error.
async fn come_back(app: &SocialApp, error: &str) -> (String, u16) {
    let browser = app.visitor().await;
    let person = Person::verified("mary@example.test");
    let answer = app.consent(&browser, Kind::GitHub, (&json!({}), &person)).await;
    let reply = browser.post("/api/social/github/", &json!({"state": answer.state, "error": error})).await;
    (outcome(&reply), reply.status.as_u16())
}

#[tokio::test]
async fn finding_n7_only_a_refusal_by_the_person_is_reported_as_one() {
    let app = social_app().await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    for error in ["access_denied", "user_cancelled_login", "user_cancelled_authorize"] {
        assert_eq!(come_back(&app, error).await, ("provider_denied".to_owned(), 400), "{error}");
    }
    assert!(lines.take_warnings().is_empty(), "what a person decides is no mistake");
    for error in ["invalid_scope", "unauthorized_client", "invalid_request", "redirect_uri_mismatch", "x"] {
        assert_eq!(come_back(&app, error).await, ("code_rejected".to_owned(), 400), "{error}");
        let line = lines.take_warnings().pop().unwrap();
        assert!(line.contains(error) && line.contains("github"), "{line}");
    }
    let forged = format!("forged\r\nline \u{1b}[31m{}", "x".repeat(200));
    assert_eq!(come_back(&app, &forged).await.0, "code_rejected");
    let line = lines.take_warnings().pop().unwrap();
    assert!(line.contains(&format!("forgedline [31m{}", "x".repeat(45))), "{line}");
    assert!(!line.contains(&"x".repeat(46)) && !line.contains(['\r', '\n', '\u{1b}']), "{line}");
}

#[tokio::test]
async fn finding_n7_an_error_without_an_attempt_is_not_logged() {
    let app = social_app().await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let browser = app.visitor().await;
    let answer = json!({"state": "x".repeat(43), "error": "invalid_scope"});
    let reply = browser.post("/api/social/github/", &answer).await;
    assert_refused(&browser, &reply, "state_mismatch").await;
    assert!(lines.take_warnings().is_empty());
}

#[tokio::test]
async fn finding_s19_a_literal_null_is_no_body() {
    let app = social_app().await;
    let ada = app.add("ada@example.test", Rank::Plain).await;
    let browser = app.visitor().await;
    let post = |path: String, body: &'static str| {
        browser.call(&http::Method::POST, &path).header("content-type", "application/json").body(body).send()
    };
    assert_eq!(outcome(&post("/api/social/github/".into(), "null").await), "state_missing");
    let person = Person::verified("ada@example.test");
    let answer = app.consent(&browser, Kind::GitHub, (&json!({}), &person)).await;
    let query = format!("/api/social/github/?code={}&state={}", answer.code.unwrap(), answer.state);
    assert_eq!(outcome(&post(query, " null\n").await), "link_required");
    let reply = post("/api/social/link/".into(), "null").await;
    assert_eq!(
        (reply.status.as_u16(), outcome(&reply)),
        (401, "not_authenticated".to_owned()),
        "{}",
        reply.text
    );
    for wrong in ["nul", "null null", "[]", "0", "\"null\""] {
        let reply = post("/api/social/link/".into(), wrong).await;
        assert!(matches!(reply.status.as_u16(), 400 | 422), "{wrong}: {}", reply.text);
    }
    assert!(!ada.id.is_empty());
}

/// A client that shows only `detail` must not read an unfinished attempt as a success.
#[tokio::test]
async fn finding_v15_an_unfinished_attempt_is_no_success() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    for (person, result) in [
        (Person::verified("ada@example.test"), "link_required"),
        (Person::unverified("new@example.test"), "email_required"),
        (Person::verified("mary@example.test"), "signed_up"),
    ] {
        let browser = app.visitor().await;
        let answer = app.consent(&browser, Kind::GitHub, (&json!({}), &person)).await;
        let reply = post_callback(&browser, Kind::GitHub, &answer).await;
        assert_eq!((reply.status.as_u16(), outcome(&reply)), (200, result.to_owned()), "{}", reply.text);
        let detail = reply.json()["detail"].clone();
        assert_eq!(detail == "success", result == "signed_up", "{detail}");
        assert_eq!(browser.state().await == "authenticated", result == "signed_up");
    }
}
