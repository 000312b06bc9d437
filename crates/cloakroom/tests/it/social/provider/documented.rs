//! GitHub and Facebook: replies as their documentation shows them.

use cloakroom::testing::Reply as Answer;
use serde_json::json;

use crate::support::app::{App, app_with};
use crate::support::people::visitor;
use crate::support::scripted_provider::{Reply, ScriptedProvider, finish, start};
use crate::support::social_app::outcome;

/// An app with one provider of this kind, whose endpoints are those of the scripted provider.
async fn app_at(provider: &ScriptedProvider, kind: &str, profile: &str) -> App {
    let base = &provider.base;
    let settings = json!([{
        "id": kind, "client_id": "client", "client_secret": "of-client", "authorize_url": format!("{base}/authorize"),
        "token_url": format!("{base}/token"), "userinfo_url": format!("{base}{profile}"), "trust_email": "verified",
    }]);
    app_with(|config| config.provider = serde_json::from_value(settings).unwrap()).await
}

async fn arrive(app: &App, id: &str) -> Answer {
    let browser = visitor(app).await;
    let started = start(&browser, id).await;
    let url = url::Url::parse(started.json()["url"].as_str().unwrap()).unwrap();
    let state = url.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    finish(&browser, id, &state).await
}

/// Replies as GitHub documents them (REST API, "Get the authenticated user", "List email addresses").
#[tokio::test]
async fn githubs_documented_replies_are_understood() {
    let provider = ScriptedProvider::new().await;
    let app = app_at(&provider, "github", "/user").await;
    let tokens = json!({"access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "scope": "repo,gist", "token_type": "bearer"});
    provider.answer("/token", Reply::Json(tokens));
    // Anybody can enter a public address. Only the list of addresses counts.
    provider.answer("/user", Reply::Json(json!({
        "login": "octocat", "id": 1, "node_id": "MDQ6VXNlcjE=", "gravatar_id": "", "type": "User", "site_admin": false,
        "name": "monalisa octocat", "company": "GitHub", "email": "victim@example.test", "hireable": false, "bio": null,
    })));
    let list = |primary: &str, verified: bool| {
        Reply::Json(json!([
            {"email": "old@example.test", "verified": true, "primary": false, "visibility": null},
            {"email": primary, "verified": verified, "primary": true, "visibility": "public"},
        ]))
    };
    provider.answer("/user/emails", list("octocat@example.test", false));
    let reply = arrive(&app, "github").await;
    assert_eq!(
        (outcome(&reply), &reply.json()["email"]),
        ("email_required".into(), &json!("octocat@example.test"))
    );
    provider.answer("/user/emails", Reply::Json(json!({"message": "Not Found", "status": "404"})));
    assert_eq!(outcome(&arrive(&app, "github").await), "email_required", "an object is no list");
    provider.answer("/user/emails", list("octocat@example.test", true));
    let reply = arrive(&app, "github").await;
    assert_eq!(
        (outcome(&reply), &reply.json()["user"]["email"]),
        ("signed_up".into(), &json!("octocat@example.test"))
    );
    assert_eq!(
        app.database.texts("SELECT subject || ' ' || label FROM cloakroom_identities").await,
        ["1 octocat"]
    );
    // GitHub sends errors with status 200.
    provider.answer(
        "/token",
        Reply::Json(json!({
            "error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
        })),
    );
    assert_eq!(outcome(&arrive(&app, "github").await), "code_rejected");
    provider.answer("/token", Reply::Json(json!({"error": "access_denied"})));
    assert_eq!(outcome(&arrive(&app, "github").await), "provider_denied");
}

/// Replies as Facebook documents them (Graph API, "User", "Handling errors"). Only `trust_email = "always"`
/// treats its address as verified.
#[tokio::test]
async fn facebooks_documented_replies_are_understood() {
    let provider = ScriptedProvider::new().await;
    let app = app_at(&provider, "facebook", "/me").await;
    provider.answer(
        "/token",
        Reply::Json(json!({"access_token": "EAAB", "token_type": "bearer", "expires_in": 5_183_944})),
    );
    provider.answer(
        "/me",
        Reply::Json(json!({"id": "10158888888888888", "name": "Ada", "email": "ada\u{40}example.test"})),
    );
    let reply = arrive(&app, "facebook").await;
    assert_eq!(
        (outcome(&reply), &reply.json()["email"]),
        ("email_required".into(), &json!("ada@example.test"))
    );
    provider.answer("/me", Reply::Json(json!({"id": "10158888888888888", "name": "Ada"})));
    let reply = arrive(&app, "facebook").await;
    assert_eq!((outcome(&reply), reply.json()["email"].is_null()), ("email_required".into(), true));
    provider.answer("/token", Reply::Json(json!({"error": {
        "message": "This authorization code has been used.", "type": "OAuthException", "code": 100, "error_subcode": 36009,
    }})));
    assert_eq!(outcome(&arrive(&app, "facebook").await), "code_rejected");
}
