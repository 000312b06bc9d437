//! Different spellings of one address are one account (B08).

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::{App, app_without_limits};
use crate::support::people::visitor;

const NIKOS: &str = "\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c2}@example.test";

const CAPITAL_NIKOS: &str = "\u{39d}\u{38a}\u{39a}\u{39f}\u{3a3}@example.test";

#[tokio::test]
async fn finding_n15_an_address_in_capitals_is_the_same_account() {
    let app = app_without_limits().await;
    app.add(NIKOS, Rank::Plain).await;
    assert_eq!(visitor(&app).await.login(CAPITAL_NIKOS, PASSWORD).await.status, 200);
    let again = app.cloakroom.administration().add(CAPITAL_NIKOS, PASSWORD, Rank::Plain).await;
    assert_eq!(again.unwrap_err().code(), "already_exists");
    visitor(&app).await.signup(CAPITAL_NIKOS, PASSWORD).await;
    assert!(app.mail_to(NIKOS).await.subject.contains("already have an account"));
}

/// Turns a row into one of an older version, which compared addresses in lower case.
async fn plant_lower(app: &App, email: &str, spelling: &str, lower: &str) {
    let sql = format!(
        "UPDATE cloakroom_users SET email = '{spelling}', email_canonical = '{lower}' WHERE email = '{email}'"
    );
    assert_eq!(app.database.change(&sql).await, 1);
}

#[tokio::test]
async fn finding_n15_an_account_of_an_older_version_is_found_in_every_spelling() {
    let app = app_without_limits().await;
    app.add(NIKOS, Rank::Plain).await;
    plant_lower(&app, NIKOS, NIKOS, NIKOS).await;
    assert_eq!(
        visitor(&app).await.login(NIKOS, PASSWORD).await.status,
        200,
        "before it is brought up to date"
    );
    let node = app.another_node().await;
    for spelling in [NIKOS, CAPITAL_NIKOS] {
        let browser = node.browser();
        browser.open_login_page().await;
        assert_eq!(browser.login(spelling, PASSWORD).await.status, 200, "{spelling}");
    }
}

#[tokio::test]
async fn finding_n15_two_accounts_that_an_older_version_kept_apart_still_work() {
    let app = app_without_limits().await;
    let (first, second) = (app.add(NIKOS, Rank::Plain).await, app.add("eve@example.test", Rank::Plain).await);
    plant_lower(&app, NIKOS, NIKOS, NIKOS).await;
    plant_lower(&app, "eve@example.test", CAPITAL_NIKOS, "\u{3bd}\u{3af}\u{3ba}\u{3bf}\u{3c3}@example.test")
        .await;
    let node = app.another_node().await;
    for (spelling, account) in [(NIKOS, first), (CAPITAL_NIKOS, second)] {
        let browser = node.browser();
        browser.open_login_page().await;
        let reply = browser.login(spelling, PASSWORD).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["user"]["id"]),
            (200, &json!(account.id)),
            "{spelling}"
        );
        browser.post("/api/password/reset/", &json!({"email": spelling})).await;
        let token = node.mail_to(spelling).await.token();
        let new = json!({"token": token, "password": "another-horse-battery"});
        assert_eq!(browser.post("/api/password/reset/confirm/", &new).await.status, 200, "{spelling}");
        assert_eq!(browser.login(spelling, "another-horse-battery").await.json()["user"]["id"], account.id);
    }
}

/// B08: all spellings sign in to the same account, and the reply shows the spelling of the owner.
#[tokio::test]
async fn b08_any_spelling_of_the_address_signs_in_to_the_same_account() {
    let app = app_without_limits().await;
    let account = app.add("Ren\u{e9}e@Example.test", Rank::Plain).await;
    for spelling in [
        "Ren\u{e9}e@Example.test",
        "ren\u{e9}e@example.test",
        "REN\u{c9}E@EXAMPLE.TEST",
        "rene\u{301}e@example.test",
        " ren\u{e9}e@example.test\t",
        "ren\u{e9}e@\u{ff45}xample.test",
        "\u{ff52}en\u{e9}e@example.test",
    ] {
        let reply = visitor(&app).await.login(spelling, PASSWORD).await;
        assert_eq!(reply.status, 200, "{spelling:?}: {}", reply.text);
        assert_eq!(reply.json()["user"]["id"], account.id);
        assert_eq!(reply.json()["user"]["email"], "Ren\u{e9}e@Example.test");
        let again = app.cloakroom.administration().add(spelling, PASSWORD, Rank::Plain).await;
        assert_eq!(again.unwrap_err().code(), "already_exists", "{spelling:?}");
    }
    assert_eq!(visitor(&app).await.login("renee@example.test", PASSWORD).await.code(), "invalid_credentials");
}
