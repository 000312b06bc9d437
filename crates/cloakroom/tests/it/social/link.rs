//! Conflicts: the address of an identity has an account. Only somebody who proves that account can link it.

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Kind, PASSWORD, Person};
use serde_json::json;

use crate::support::concurrency::within;
use crate::support::smtp_sink::SmtpSink;
use crate::support::social_app::{SocialApp, assert_refused, outcome, social_app, social_app_with};

fn ada() -> Person {
    Person::verified("ada@example.test")
}

/// Ada has an account and signs in with GitHub.
async fn conflict() -> (SocialApp, Browser) {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &ada()).await), "link_required");
    (app, browser)
}

async fn assert_linked(app: &SocialApp) {
    let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &ada()).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    assert_eq!(reply.json()["user"]["email"], "ada@example.test");
}

#[tokio::test]
async fn the_password_links_and_signs_in() {
    let (app, browser) = conflict().await;
    let wrong = browser.post("/api/social/link/", &json!({"password": "not-the-password"})).await;
    assert_refused(&browser, &wrong, "invalid_credentials").await;
    let reply = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_eq!((reply.status.as_u16(), outcome(&reply)), (200, "linked".into()), "{}", reply.text);
    assert_eq!(reply.json()["user"]["email"], "ada@example.test");
    assert_eq!(browser.state().await, "authenticated");
    assert_linked(&app).await;
    let told = app.mail_to("ada@example.test").await;
    assert!(told.subject.contains("GitHub was linked"), "{}", told.subject);
    let again = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_eq!((again.status.as_u16(), again.code()), (400, "state_missing".into()));
}

#[tokio::test]
async fn the_mailed_code_links_and_signs_in() {
    let (app, browser) = conflict().await;
    let guess = browser.post("/api/social/link/", &json!({"code": "000000"})).await;
    assert_refused(&browser, &guess, "invalid_code").await;
    let reply = browser.post("/api/social/link/code/", &json!({})).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert!(reply.json()["resend_at"].is_string());
    let mail = app.mail_to("ada@example.test").await;
    assert!(mail.subject.contains("GitHub") && !mail.text.contains("#token="), "{}", mail.text);
    let elsewhere = app.visitor().await;
    let stolen = elsewhere.post("/api/social/link/", &json!({"code": mail.code()})).await;
    assert_refused(&elsewhere, &stolen, "state_missing").await;
    let reply = browser.post("/api/social/link/", &json!({"code": mail.code()})).await;
    assert_eq!(outcome(&reply), "linked", "{}", reply.text);
    assert_linked(&app).await;
}

/// The server accepts the mail eight minutes late, and the person takes eight more. The code of ten minutes
/// is still valid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_n14_a_code_that_links_lives_from_when_its_mail_is_handed_over() {
    let mut sink = SmtpSink::start(&json!({}));
    sink.refuse("rcpt", 450, "greylisted");
    let url = format!("smtp://127.0.0.1:{}", sink.port());
    let app = social_app_with(|config| config.mail.url = url.as_str().into()).await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.visitor().await;
    assert_eq!(outcome(&app.sign_in(&browser, Kind::GitHub, &ada()).await), "link_required");
    assert_eq!(browser.post("/api/social/link/code/", &json!({})).await.status, 202);
    let untried = "SELECT id FROM cloakroom_outbox WHERE last_error IS NULL";
    within(Duration::from_secs(10), async || app.database.texts(untried).await.is_empty()).await;
    sink.behave(&json!({"behaviour": "accept"}));
    app.advance(Duration::from_mins(8));
    app.mails().await;
    let text = sink.wait_for_mails(1).remove(0).part("text/plain");
    let code = text.lines().find(|line| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit()));
    app.advance(Duration::from_mins(8));
    let reply = browser.post("/api/social/link/", &json!({"code": code.expect("a code")})).await;
    assert_eq!(outcome(&reply), "linked", "{}", reply.text);
}

#[tokio::test]
async fn a_login_to_the_account_and_a_confirmation_link_it() {
    let (app, browser) = conflict().await;
    assert_eq!(browser.login("ada@example.test", PASSWORD).await.status, 200);
    assert_eq!(app.database.rows("identities").await, 0, "not without a yes");
    let reply = browser.post("/api/social/link/", &json!({})).await;
    assert_eq!((reply.status.as_u16(), outcome(&reply)), (200, "linked".into()), "{}", reply.text);
    assert_eq!(browser.state().await, "authenticated");
    assert_linked(&app).await;
}

#[tokio::test]
async fn nobody_else_can_link_the_identity() {
    let (app, browser) = conflict().await;
    app.add("grace@example.test", Rank::Plain).await;
    let anonymous = browser.post("/api/social/link/", &json!({})).await;
    assert_eq!((anonymous.status.as_u16(), anonymous.code()), (401, "not_authenticated".into()));
    let both = browser.post("/api/social/link/", &json!({"password": PASSWORD, "code": "123456"})).await;
    assert_eq!(both.status, 422);
    // Another browser of Ada's has nothing pending, and Grace's login drops what is pending here.
    let ada = app.signed_in("ada@example.test").await;
    assert_eq!(ada.post("/api/social/link/", &json!({})).await.code(), "state_missing");
    assert_eq!(browser.login("grace@example.test", PASSWORD).await.status, 200);
    assert_eq!(browser.post("/api/social/link/", &json!({})).await.code(), "state_missing");
    assert_eq!(app.database.rows("identities").await, 0);
}

#[tokio::test]
async fn a_conflict_waits_for_ten_minutes_and_until_a_logout() {
    let (app, browser) = conflict().await;
    app.advance(Duration::from_mins(10));
    let late = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_refused(&browser, &late, "state_missing").await;
    assert_eq!(browser.post("/api/social/link/code/", &json!({})).await.code(), "state_missing");
    app.sign_in(&browser, Kind::GitHub, &ada()).await;
    browser.login("ada@example.test", PASSWORD).await;
    browser.post("/api/logout/", &json!({})).await;
    let after = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_refused(&browser, &after, "state_missing").await;
}

/// B12: proving the account here counts together with logins.
#[tokio::test]
async fn b12_guessing_the_password_meets_the_limit_of_logins() {
    let (app, browser) = conflict().await;
    for _ in 0..10 {
        let wrong = browser.post("/api/social/link/", &json!({"password": "not-the-password"})).await;
        assert_eq!(wrong.code(), "invalid_credentials", "{}", wrong.text);
    }
    let limited = browser.post("/api/social/link/", &json!({"password": PASSWORD})).await;
    assert_eq!((limited.status.as_u16(), limited.code()), (429, "rate_limited".into()));
    assert_eq!(browser.login("ada@example.test", PASSWORD).await.status, 429);
    assert_eq!(app.database.rows("identities").await, 0);
}

/// B11: five attempts per code, and ten wrong codes per account and day, over all codes and browsers.
#[tokio::test]
async fn b11_attempts_at_codes_are_limited_over_all_browsers() {
    let (app, first) = conflict().await;
    let mut wrong = 0;
    for round in 0..3 {
        let browser = if round == 0 { first.copy() } else { app.visitor().await };
        app.sign_in(&browser, Kind::GitHub, &ada()).await;
        browser.post("/api/social/link/code/", &json!({})).await;
        let code = app.mail_to("ada@example.test").await.code();
        let other = if code == "111111" { "222222" } else { "111111" };
        for _ in 0..5 {
            assert_eq!(
                browser.post("/api/social/link/", &json!({"code": other})).await.code(),
                "invalid_code"
            );
            wrong += 1;
        }
        let right = browser.post("/api/social/link/", &json!({"code": code})).await;
        assert_refused(&browser, &right, "invalid_code").await;
    }
    // Ten are used up: not even the correct code works at its first attempt.
    assert!(wrong > 10);
    let browser = app.visitor().await;
    app.sign_in(&browser, Kind::GitHub, &ada()).await;
    browser.post("/api/social/link/code/", &json!({})).await;
    let code = app.mail_to("ada@example.test").await.code();
    let reply = browser.post("/api/social/link/", &json!({"code": code})).await;
    assert_refused(&browser, &reply, "invalid_code").await;
    app.advance(Duration::from_hours(24));
    app.sign_in(&browser, Kind::GitHub, &ada()).await;
    browser.post("/api/social/link/code/", &json!({})).await;
    let code = app.mail_to("ada@example.test").await.code();
    assert_eq!(outcome(&browser.post("/api/social/link/", &json!({"code": code})).await), "linked");
}

#[tokio::test]
async fn a_deactivated_account_is_linked_by_nobody() {
    let (app, browser) = conflict().await;
    app.cloakroom.administration().set_active("ada@example.test", false).await.unwrap();
    for proof in [json!({"password": "not-the-password"}), json!({"password": PASSWORD})] {
        let reply = browser.post("/api/social/link/", &proof).await;
        assert!(reply.status.is_client_error() && reply.set_cookie("sessionid").is_none(), "{}", reply.text);
    }
    // The provider has verified the address, so this person may know that it has an account.
    let again = app.sign_in(&browser, Kind::GitHub, &ada()).await;
    assert_refused(&browser, &again, "account_inactive").await;
    assert_eq!(app.database.rows("identities").await, 0);
}

/// The newer of two conflicts counts, and two proofs at once link once.
#[tokio::test]
async fn two_proofs_at_once_link_once() {
    let (app, browser) = conflict().await;
    let (one, two) = (browser.copy(), browser.copy());
    let proof = json!({"password": PASSWORD});
    let (one, two) =
        tokio::join!(one.post("/api/social/link/", &proof), two.post("/api/social/link/", &proof));
    let mut outcomes = [outcome(&one), outcome(&two)];
    outcomes.sort();
    assert_eq!(outcomes, ["linked", "state_missing"], "{} {}", one.text, two.text);
    assert_eq!(app.database.rows("identities").await, 1);
}
