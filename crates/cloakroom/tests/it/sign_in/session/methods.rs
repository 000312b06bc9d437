//! The methods that a session was proven with, and the assurance level that they add up to (`model/method.rs`).

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Kind, PASSWORD, Person};
use serde_json::{Value, json};

use super::{ADA, MINUTE, app_with_ada};
use crate::support::app::app_without_limits;
use crate::support::calls::{
    change_password, reauthenticate, sign_up, verify, verify_with, verify_with_code,
};
use crate::support::people::{NEW, same_browser_at, visitor};
use crate::support::social_app::{SocialApp, outcome, post_callback, social_app};

/// Returns `amr` and `aal` of `GET /api/session/`.
async fn methods(browser: &Browser) -> (Value, Value) {
    let session = browser.get("/api/session/").await.json();
    assert_eq!((&session["methods"], &session["tasks"]), (&json!([]), &json!([])), "{session}");
    (session["amr"].clone(), session["aal"].clone())
}

#[track_caller]
fn assert_first(proven: &(Value, Value), amr: &[&str]) {
    assert_eq!(*proven, (json!(amr), json!(1)));
}

/// Signs Ada in with GitHub. Her account has a password as well.
async fn ada_comes_by_github(app: &SocialApp) -> Browser {
    app.add(ADA, Rank::Plain).await;
    let browser = app.visitor().await;
    let reply = app.sign_in(&browser, Kind::GitHub, &Person::verified(ADA)).await;
    assert_eq!(outcome(&reply), "link_required", "{}", reply.text);
    browser
}

#[tokio::test]
async fn nobody_has_proven_nothing() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    assert_eq!(methods(&browser).await, (json!([]), Value::Null));
    browser.login(ADA, PASSWORD).await;
    assert_first(&methods(&browser).await, &["password"]);
    browser.post("/api/logout/", &json!({})).await;
    assert_eq!(methods(&browser).await, (json!([]), Value::Null));
}

#[tokio::test]
async fn a_signup_is_proven_by_its_mail() {
    let app = app_without_limits().await;
    let here = visitor(&app).await;
    let token = sign_up(&app, &here, "by-link@example.test", PASSWORD).await;
    assert_eq!(verify(&here, &token).await.status, 200);
    assert_first(&methods(&here).await, &["email_code"]);
    let token = sign_up(&app, &visitor(&app).await, "elsewhere@example.test", PASSWORD).await;
    let elsewhere = visitor(&app).await;
    assert_eq!(verify_with(&elsewhere, &token, NEW).await.status, 200);
    assert_first(&methods(&elsewhere).await, &["email_code"]);
    let here = visitor(&app).await;
    sign_up(&app, &here, "by-code@example.test", PASSWORD).await;
    let code = app.mail_to("by-code@example.test").await.code();
    assert_eq!(verify_with_code(&here, "by-code@example.test", &code).await.status, 200);
    assert_first(&methods(&here).await, &["email_code"]);
}

#[tokio::test]
async fn a_provider_s_word_comes_before_what_proves_the_account_or_the_address() {
    let app = social_app().await;
    let linked = ada_comes_by_github(&app).await;
    assert_eq!(linked.post("/api/social/link/", &json!({"password": PASSWORD})).await.status, 200);
    assert_first(&methods(&linked).await, &["social", "password"]);
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &Person::verified(ADA)).await), "signed_in");
    assert_first(&methods(&browser).await, &["social"]);
    let nameless = app.visitor().await;
    app.sign_in(&nameless, Kind::GitHub, &Person::without_email("noor")).await;
    let address = json!({"email": "noor@example.test"});
    assert_eq!(nameless.post("/api/social/email/", &address).await.status, 202);
    let token = app.mail_to("noor@example.test").await.token();
    assert_eq!(verify(&nameless, &token).await.status, 200);
    assert_first(&methods(&nameless).await, &["social", "email_code"]);
}

#[tokio::test]
async fn a_mailed_code_proves_the_account_that_is_linked() {
    let app = social_app().await;
    let browser = ada_comes_by_github(&app).await;
    assert_eq!(browser.post("/api/social/link/code/", &json!({})).await.status, 202);
    let code = app.mail_to(ADA).await.code();
    assert_eq!(browser.post("/api/social/link/", &json!({"code": code})).await.status, 200);
    assert_first(&methods(&browser).await, &["social", "email_code"]);
}

#[tokio::test]
async fn a_new_proof_is_the_last_one() {
    let app = social_app().await;
    let browser = ada_comes_by_github(&app).await;
    assert_eq!(browser.post("/api/social/link/", &json!({"password": PASSWORD})).await.status, 200);
    let confirm = json!({"intent": "reauthenticate"});
    let answer = app.consent(&browser, Kind::GitHub, (&confirm, &Person::verified(ADA))).await;
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &answer).await), "signed_in");
    assert_first(&methods(&browser).await, &["password", "social"]);
    app.advance(MINUTE);
    assert_eq!(reauthenticate(&browser, PASSWORD).await.status, 200);
    assert_first(&methods(&browser).await, &["social", "password"]);
    assert_eq!(change_password(&browser, PASSWORD, NEW).await.status, 200);
    assert_first(&methods(&browser).await, &["social", "password"]);
    let linked = app.link(&browser, Kind::Google, &Person::verified("ada@elsewhere.test")).await;
    assert_eq!(outcome(&linked), "linked", "{}", linked.text);
    assert_first(&methods(&browser).await, &["social", "password"]);
}

/// The previous version writes neither column.
#[tokio::test]
async fn a_session_of_an_earlier_version_tells_its_password_and_nothing_else() {
    let app = app_with_ada().await;
    let user = app.database.texts("SELECT id FROM cloakroom_users").await.remove(0);
    for (password_at, amr) in [("password_at", vec!["password"]), ("CAST(NULL AS BIGINT)", vec![])] {
        let browser = app.signed_in(ADA).await;
        let columns =
            "ticket_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at, password_at";
        let values = columns.replace("password_at", password_at);
        // The row as the previous version would have written it.
        for sql in [
            format!("CREATE TABLE earlier AS SELECT {values} AS password_at FROM cloakroom_sessions"),
            format!("DELETE FROM cloakroom_sessions WHERE user_id = '{user}'"),
            format!(
                "INSERT INTO cloakroom_sessions (id, {columns}) SELECT 'earlier', {columns} FROM earlier"
            ),
            "DROP TABLE earlier".to_owned(),
        ] {
            app.database.change(&sql).await;
        }
        let node = app.another_node().await;
        let here = same_browser_at(&node, &browser);
        assert_first(&methods(&here).await, &amr);
        assert_eq!(reauthenticate(&here, PASSWORD).await.status, 200);
        assert_first(&methods(&here).await, &["password"]);
        assert_eq!(here.post("/api/logout/", &json!({})).await.status, 200);
    }
}

/// A proof by a provider follows a password that the previous version recorded.
#[tokio::test]
async fn a_new_proof_keeps_the_password_of_an_earlier_version() {
    let app = social_app().await;
    let browser = ada_comes_by_github(&app).await;
    assert_eq!(browser.post("/api/social/link/", &json!({"password": PASSWORD})).await.status, 200);
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    app.database.change("UPDATE cloakroom_sessions SET amr = ''").await;
    let confirm = json!({"intent": "reauthenticate"});
    let answer = app.consent(&browser, Kind::GitHub, (&confirm, &Person::verified(ADA))).await;
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &answer).await), "signed_in");
    assert_first(&methods(&browser).await, &["password", "social"]);
}

#[tokio::test]
async fn the_level_is_two_after_a_passkey_or_a_first_and_a_second_method() {
    let app = app_with_ada().await;
    for (words, amr, aal) in [
        ("password totp", json!(["password", "totp"]), 2),
        ("social recovery_code", json!(["social", "recovery_code"]), 2),
        ("email_code passkey", json!(["email_code", "passkey"]), 2),
        ("passkey", json!(["passkey"]), 2),
        ("password social", json!(["password", "social"]), 1),
        ("password trusted_browser", json!(["password", "trusted_browser"]), 1),
        ("password invented_tomorrow", json!(["password"]), 1),
    ] {
        let browser = app.signed_in(ADA).await;
        app.database.change(&format!("UPDATE cloakroom_sessions SET amr = '{words}'")).await;
        assert_eq!(methods(&browser).await, (amr, json!(aal)), "{words}");
    }
}
