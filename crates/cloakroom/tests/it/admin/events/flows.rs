//! The events of what people do with their own accounts. None of them holds a secret.

use cloakroom::administration::{Actor, Rank};
use cloakroom::testing::{Kind, PASSWORD, Person};
use serde_json::json;

use crate::support::calls::{
    CONFIRM_EMAIL, UNDO_EMAIL, change_email, change_password, confirm_reset, reauthenticate, reset_token,
    sign_up, verify, with_token,
};
use crate::support::events::{chosen, json, newest, of_type, types};
use crate::support::people::{ADA, NEW, visitor};
use crate::support::social_app::{outcome, social_app};

const MOVED: &str = "ada@elsewhere.test";
const LAST: &str = "a-third-horse-battery";

/// One person goes through every flow. The types come in their order, and no secret from the way is in an event.
#[tokio::test]
async fn every_flow_leaves_its_events_and_none_of_its_secrets() {
    let app = social_app().await;
    let browser = visitor(&app).await;
    let mut secrets: Vec<String> = [PASSWORD, NEW, LAST].map(str::to_owned).into();
    let token = sign_up(&app, &browser, ADA, PASSWORD).await;
    secrets.extend([token.clone(), app.mail_to(ADA).await.code()]);
    assert_eq!(verify(&browser, &token).await.status, 200);
    secrets.extend(browser.cookie("sessionid"));
    assert_eq!(reauthenticate(&browser, PASSWORD).await.status, 200);
    assert_eq!(change_password(&browser, PASSWORD, NEW).await.status, 200);
    let linked = app.link(&browser, Kind::GitHub, &Person::verified("ada@github.test")).await;
    assert_eq!(outcome(&linked), "linked", "{}", linked.text);
    let identity = app.database.texts("SELECT id FROM cloakroom_identities").await.remove(0);
    let unlink = browser.call(&http::Method::DELETE, &format!("/api/social/identities/{identity}/"));
    assert_eq!(unlink.send().await.status, 200);
    assert_eq!(change_email(&browser, MOVED).await.status, 202);
    let (confirm, undo) = (app.mail_to(MOVED).await.token(), app.mail_to(ADA).await.token());
    secrets.extend([confirm.clone(), undo.clone()]);
    assert_eq!(with_token(&browser, CONFIRM_EMAIL, &confirm).await.status, 200);
    assert_eq!(with_token(&visitor(&app).await, UNDO_EMAIL, &undo).await.status, 200);
    let reset = reset_token(&app, ADA).await;
    assert_eq!(confirm_reset(&visitor(&app).await, &reset, LAST).await.status, 200);
    secrets.push(reset);
    secrets.extend(browser.cookie("sessionid").into_iter().chain(browser.cookie("csrftoken")));
    let expected = [
        "signup.started",
        "signup.proven",
        "sign_in.ok",
        "password.changed",
        "identity.linked",
        "identity.unlinked",
        "email.change_asked",
        "email.changed",
        "email.undone",
        "password.reset_asked",
        "password.reset",
    ];
    assert_eq!(types(&app).await, expected);
    let change = json!({"email": {"before": ADA, "after": MOVED}});
    assert_eq!(json(&of_type(&app, "email.changed").await[0])["data"], change);
    assert_eq!(json(&of_type(&app, "identity.linked").await[0])["data"], json!({"provider": "github"}));
    secrets.extend(app.database.texts("SELECT ticket_hash FROM cloakroom_sessions").await);
    secrets.extend(app.database.texts("SELECT password_hash FROM cloakroom_users").await);
    secrets.extend(app.database.texts("SELECT nonce FROM cloakroom_challenges").await);
    let recorded = serde_json::to_string(&chosen(&app, |_| {}).await).unwrap();
    for secret in secrets {
        assert!(secret.len() >= 6 && !recorded.contains(&secret), "{secret} in {recorded}");
    }
    app.cloakroom.administration().by(Actor::cli("operator")).delete(ADA).await.unwrap();
    let recorded = serde_json::to_string(&chosen(&app, |_| {}).await).unwrap();
    assert!(!recorded.contains(ADA) && !recorded.contains(MOVED), "{recorded}");
}

#[tokio::test]
async fn somebody_new_from_a_provider_has_an_account_an_identity_and_a_session() {
    let app = social_app().await;
    let browser = visitor(&app).await;
    let came = app.sign_in(&browser, Kind::GitHub, &Person::verified(ADA)).await;
    assert_eq!(outcome(&came), "signed_up", "{}", came.text);
    assert_eq!(types(&app).await, ["signup.proven", "identity.linked", "sign_in.ok"]);
    assert_eq!(json(&newest(&app).await)["data"], json!({"method": "social", "provider": "github"}));
    let made = of_type(&app, "signup.proven").await.remove(0);
    assert_eq!(json(&made)["data"], json!({"provider": "github"}));
}

/// A reset for an address that nobody has leaves nothing; the request does the same either way.
#[tokio::test]
async fn a_reset_is_told_once_and_only_where_there_is_an_account() {
    let app = social_app().await;
    let ada = app.add(ADA, Rank::Plain).await;
    let page = visitor(&app).await;
    for email in [ADA, "nobody@example.test"] {
        assert_eq!(page.post("/api/password/reset/", &json!({"email": email})).await.status, 202);
    }
    app.mails().await;
    let asked = of_type(&app, "password.reset_asked").await;
    assert_eq!(asked.len(), 1);
    assert_eq!(json(&asked[0])["target"]["id"], ada.id);
    assert_eq!(asked[0].actor.kind, "browser");
}

#[tokio::test]
async fn a_reset_that_unlinks_tells_what() {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    let browser = app.signed_in(ADA).await;
    app.link(&browser, Kind::GitHub, &Person::verified("eve@github.test")).await;
    let reset = reset_token(&app, ADA).await;
    assert_eq!(confirm_reset(&visitor(&app).await, &reset, NEW).await.status, 200);
    let unlinked = of_type(&app, "identity.unlinked").await.remove(0);
    assert_eq!(json(&unlinked)["data"], json!({"provider": "github", "reason": "recovery"}));
}

#[tokio::test]
async fn a_wrong_code_at_a_link_is_a_failure_to_sign_in_to_the_account() {
    let app = social_app().await;
    let ada = app.add(ADA, Rank::Plain).await;
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &Person::verified(ADA)).await;
    assert_eq!(outcome(&reply), "link_required", "{}", reply.text);
    let guess = browser.post("/api/social/link/", &json!({ "code": "000000" })).await;
    assert_eq!(guess.code(), "invalid_code");
    let failed = json(&of_type(&app, "sign_in.failed").await.remove(0));
    assert_eq!(
        (&failed["target"]["id"], &failed["data"]["reason"]),
        (&json!(ada.id), &json!("invalid_code"))
    );
}
