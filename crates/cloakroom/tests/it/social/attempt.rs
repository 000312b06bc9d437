//! Social attempts: state, code verifier and nonce, their owner, and their lifetime.

use std::collections::BTreeSet;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Kind, PASSWORD, Person};
use serde_json::{Value, json};

use crate::support::social_app::{assert_refused, outcome, post_callback, social_app};

fn mary() -> Person {
    Person::verified("mary@example.test")
}

fn query(url: &str, name: &str) -> Vec<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

/// O01, O09, O11: all random values are new each time, PKCE always uses S256, and the registered values are
/// constant.
#[tokio::test]
async fn o01_o09_o11_each_attempt_has_new_secrets_and_the_same_registration() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let mut seen = BTreeSet::new();
    for _ in 0..25 {
        for kind in Kind::ALL {
            let url = app.start(&browser, kind, &json!({})).await.json()["url"].as_str().unwrap().to_owned();
            let mut secrets = vec!["state", "code_challenge"];
            secrets.extend((kind == Kind::Google).then_some("nonce"));
            for name in secrets {
                let [value] = &query(&url, name)[..] else { panic!("{name} in {url}") };
                assert_eq!(value.len(), 43, "256 bits: {name} in {url}");
                assert!(seen.insert(value.clone()), "{name} was there before: {url}");
            }
            assert_eq!(query(&url, "code_challenge_method"), ["S256"]);
            assert_eq!(query(&url, "response_type"), ["code"]);
            assert_eq!(query(&url, "client_id"), [format!("dev-{}", kind.id())]);
            assert_eq!(
                query(&url, "redirect_uri"),
                [format!("http://localhost:3000/auth/{}/callback", kind.id())]
            );
            assert!(!url.contains("secret") && query(&url, "code_verifier").is_empty(), "{url}");
        }
    }
    // Nothing in storage is enough to finish an attempt.
    let loot = app.database.stolen().await;
    assert!(seen.iter().all(|secret| !loot.contains(secret)), "a state or verifier lies in storage");
    let extra = app
        .start(&browser, Kind::GitHub, &json!({"redirect_uri": "https://evil.test", "scope": "repo"}))
        .await;
    assert_eq!(extra.status, 422, "{}", extra.text);
    let reply = browser
        .call(&http::Method::POST, "/api/social/github/start/?redirect_uri=https%3A%2F%2Fevil.test")
        .instead("host", "evil.test")
        .header("x-forwarded-host", "evil.test")
        .json(&json!({}))
        .send()
        .await;
    assert!(!reply.text.contains("evil"), "{}", reply.text);
}

#[tokio::test]
async fn o02_without_its_own_state_nothing_reaches_the_provider() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let answer = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    let code = answer.code.clone().unwrap();
    for (body, status, expected) in [
        (json!({"code": code}), 400, "state_missing"),
        (json!({"code": code, "state": ""}), 400, "state_missing"),
        (json!({"code": code, "state": null}), 400, "state_missing"),
        (json!({"code": code, "state": "x".repeat(43)}), 400, "state_mismatch"),
        (json!({"code": code, "state": "short"}), 400, "state_mismatch"),
        (json!({"code": code, "state": "\u{0}".repeat(43)}), 400, "state_mismatch"),
        (json!({"code": code, "state": [answer.state]}), 422, "validation_failed"),
        (json!({"code": code, "state": {"$ne": ""}}), 422, "validation_failed"),
        (json!({"state": answer.state}), 400, "code_rejected"),
        (json!({"state": answer.state, "code": ""}), 400, "code_rejected"),
        (json!({}), 400, "state_missing"),
    ] {
        let reply = browser.post("/api/social/github/", &body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        assert_refused(&browser, &reply, expected).await;
    }
    let twice = format!("/api/social/github/?code={code}&state={0}&state={0}", answer.state);
    assert_refused(&browser, &browser.call(&http::Method::POST, &twice).send().await, "validation_failed")
        .await;
    // The code still works, so it was not sent to the provider before.
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &answer).await), "signed_up");
}

#[tokio::test]
async fn o03_a_state_works_once() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let first = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    assert_eq!(outcome(&post_callback(&browser, Kind::GitHub, &first).await), "signed_up");
    browser.post("/api/logout/", &json!({})).await;
    let second = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    let replayed = json!({"code": second.code, "state": first.state});
    let reply = browser.post("/api/social/github/", &replayed).await;
    assert_refused(&browser, &reply, "state_mismatch").await;
}

/// O04: another browser is refused, and does not use the attempt up.
#[tokio::test]
async fn o04_another_browser_is_refused_and_does_not_spend_the_attempt() {
    let app = social_app().await;
    let (attacker, victim) = (app.visitor().await, app.visitor().await);
    let answer = app.consent(&attacker, Kind::GitHub, (&json!({}), &mary())).await;
    assert_refused(&victim, &post_callback(&victim, Kind::GitHub, &answer).await, "state_mismatch").await;
    let no_cookies = app.browser();
    let reply = post_callback(&no_cookies, Kind::GitHub, &answer).await;
    assert_eq!(reply.code(), "csrf_failed");
    assert_eq!(outcome(&post_callback(&attacker, Kind::GitHub, &answer).await), "signed_up");
}

#[tokio::test]
async fn o05_a_state_belongs_to_its_provider() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let google = app.consent(&browser, Kind::Google, (&json!({}), &mary())).await;
    let reply = post_callback(&browser, Kind::GitHub, &google).await;
    assert_refused(&browser, &reply, "state_mismatch").await;
    assert_eq!(
        outcome(&post_callback(&browser, Kind::Google, &google).await),
        "signed_up",
        "it was not spent"
    );
}

#[tokio::test]
async fn o06_an_attempt_ends_after_ten_minutes_and_when_somebody_else_signs_in() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.visitor().await;
    let stale = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    app.advance(Duration::from_mins(10));
    assert_refused(&browser, &post_callback(&browser, Kind::GitHub, &stale).await, "state_mismatch").await;

    let before_login = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    assert_eq!(browser.login("ada@example.test", PASSWORD).await.status, 200);
    let reply = post_callback(&browser, Kind::GitHub, &before_login).await;
    assert_eq!(outcome(&reply), "state_mismatch", "{}", reply.text);
    assert_eq!(browser.get("/api/session/").await.json()["user"]["email"], "ada@example.test");

    let before_logout = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    browser.post("/api/logout/", &json!({})).await;
    assert_refused(&browser, &post_callback(&browser, Kind::GitHub, &before_logout).await, "state_mismatch")
        .await;
}

#[tokio::test]
async fn o07_several_tabs_each_finish_what_they_began() {
    let app = social_app().await;
    for in_order in [true, false] {
        let browser = app.visitor().await;
        let one = app.consent(&browser, Kind::GitHub, (&json!({"return_to": "/one"}), &mary())).await;
        let two = app.consent(&browser, Kind::GitHub, (&json!({"return_to": "/two"}), &mary())).await;
        let (first, second) =
            if in_order { (("/one", one), ("/two", two)) } else { (("/two", two), ("/one", one)) };
        for (path, answer) in [first, second] {
            let reply = post_callback(&browser, Kind::GitHub, &answer).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert_eq!(reply.json()["return_to"], path);
        }
        assert_eq!(browser.state().await, "authenticated");
    }
    // Many tabs are fine, but there is a limit.
    let browser = app.visitor().await;
    for _ in 0..30 {
        app.start(&browser, Kind::GitHub, &json!({})).await;
    }
    let waiting =
        app.database.texts("SELECT id FROM cloakroom_challenges WHERE kind = 'social_attempt'").await.len();
    assert!(waiting <= 20, "{waiting}");
}

#[tokio::test]
async fn o13_only_configured_providers_have_a_path() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let long = "x".repeat(1000);
    for id in ["nobody", "GitHub", "..%2fgithub", "github%2f", "%00", "%ff", "link", "email", &*long] {
        let start = browser.post(&format!("/api/social/{id}/start/"), &json!({})).await;
        assert_eq!((start.status.as_u16(), start.code()), (404, "not_found".into()), "{id}: {}", start.text);
    }
    let finish = browser.post("/api/social/nobody/", &json!({"code": "x", "state": "y"})).await;
    assert_eq!((finish.status.as_u16(), finish.code()), (404, "not_found".into()));
}

/// O24: eight posts at once are one sign-in.
#[tokio::test]
async fn o24_two_posts_of_one_answer_are_one_sign_in() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let answer = app.consent(&browser, Kind::GitHub, (&json!({}), &mary())).await;
    let copies: Vec<_> = (0..8).map(|_| browser.copy()).collect();
    let mut tasks = Vec::new();
    for copy in copies {
        let answer = answer.clone();
        tasks.push(tokio::spawn(async move { post_callback(&copy, Kind::GitHub, &answer).await }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(outcome(&task.await.unwrap()));
    }
    outcomes.sort();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "signed_up").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "state_mismatch").count(), 7, "{outcomes:?}");
    assert_eq!((app.accounts().await, app.database.rows("sessions").await), (1, 1));
}

/// O26: an attempt keeps its purpose and the user who began it.
#[tokio::test]
async fn o26_an_attempt_cannot_be_turned_into_another_persons_or_another_kind() {
    let app = social_app().await;
    for email in ["ada@example.test", "grace@example.test"] {
        app.add(email, Rank::Plain).await;
    }
    let attacker = app.visitor().await;
    let of_attacker = app.consent(&attacker, Kind::GitHub, (&json!({}), &mary())).await;
    let ada = app.signed_in("ada@example.test").await;
    let reply = post_callback(&ada, Kind::GitHub, &of_attacker).await;
    assert_eq!(outcome(&reply), "state_mismatch", "{}", reply.text);
    // A login attempt stays a login in the same browser. It links nothing.
    let login = app.consent(&ada, Kind::GitHub, (&json!({}), &mary())).await;
    assert_eq!(outcome(&post_callback(&ada, Kind::GitHub, &login).await), "signed_up");
    assert_eq!(ada.get("/api/session/").await.json()["user"]["email"], "mary@example.test");
    // Ada begins a link, Grace signs in to the same browser, then the answer arrives.
    let browser = app.signed_in("ada@example.test").await;
    let link = app.consent(&browser, Kind::Google, (&json!({"intent": "link"}), &mary())).await;
    browser.post("/api/logout/", &json!({})).await;
    assert_eq!(browser.login("grace@example.test", PASSWORD).await.status, 200);
    let reply = post_callback(&browser, Kind::Google, &link).await;
    assert_eq!(outcome(&reply), "state_mismatch", "{}", reply.text);
    assert_eq!(app.database.texts("SELECT provider FROM cloakroom_identities").await, ["github"]);
}

#[tokio::test]
async fn o32_return_to_leads_back_into_the_app_only() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let long = format!("/{}", "x".repeat(10_000));
    for bad in [
        "",
        "account",
        "https://evil.test",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "/%5cevil.test",
        "/%5Cevil.test",
        "/%2fevil.test",
        "/%2Fevil.test",
        "/a//b",
        "/a/%2f/b",
        "/\tevil",
        "/%09/evil.test",
        "/%0d%0aLocation:x",
        "/\r\n",
        "/%00",
        "/%7f",
        "javascript:alert(1)",
        "/\u{0}",
        " /account",
        "http:evil.test",
        &*long,
    ] {
        let reply = app.start(&browser, Kind::GitHub, &json!({"return_to": bad})).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (422, "validation_failed".into()),
            "{bad:?}: {}",
            reply.text
        );
        assert_eq!(reply.json()["errors"][0]["field"], "return_to", "{bad:?}");
    }
    for good in ["/", "/account", "/a/b?next=//evil.test&x=%2f", "/a%20b", "/ä", "/@evil.test", "/a:b"] {
        let reply = app.start(&browser, Kind::GitHub, &json!({"return_to": good})).await;
        assert_eq!(reply.status, 200, "{good:?}: {}", reply.text);
    }
    for bad in [json!({"return_to": ["/"]}), json!({"return_to": 1}), json!({"intent": "steal"})] {
        assert_eq!(app.start(&browser, Kind::GitHub, &bad).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn linking_and_reauthentication_need_a_session() {
    let app = social_app().await;
    let browser = app.visitor().await;
    for intent in ["link", "reauthenticate"] {
        let reply = app.start(&browser, Kind::GitHub, &json!({"intent": intent})).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "not_authenticated".into()), "{intent}");
    }
    let reply = app.start(&app.browser(), Kind::GitHub, &Value::Null).await;
    assert_eq!(reply.code(), "csrf_failed");
}

/// B13: attempts in a new browser each do not fill storage.
#[tokio::test]
async fn b13_one_network_cannot_fill_storage_with_attempts() {
    let app = social_app().await;
    app.start(&app.visitor().await, Kind::GitHub, &json!({})).await;
    let many = "UPDATE cloakroom_limits SET count = 999 WHERE key LIKE 'attempts:%'";
    assert_eq!(app.database.change(many).await, 1);
    assert_eq!(app.start(&app.visitor().await, Kind::GitHub, &json!({})).await.status, 200);
    let refused = app.start(&app.visitor().await, Kind::GitHub, &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limited".into()));
    assert_eq!(refused.headers["retry-after"], "600");
    let kept = "SELECT id FROM cloakroom_challenges WHERE kind = 'social_attempt'";
    assert_eq!(app.database.texts(kept).await.len(), 2);
    let neighbour = app.browser().at([127, 0, 0, 51]);
    neighbour.open_login_page().await;
    assert_eq!(app.start(&neighbour, Kind::GitHub, &json!({})).await.status, 200);
    app.advance(Duration::from_mins(10));
    assert_eq!(app.start(&app.visitor().await, Kind::GitHub, &json!({})).await.status, 200);
}
