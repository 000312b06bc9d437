//! Signing in and out, and trying to.

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::audit::EventView;
use cloakroom::testing::{Browser, PASSWORD};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app, app_without_limits};
use crate::support::calls::reauthenticate;
use crate::support::events::{json, of_type, types};
use crate::support::people::{ADA, WRONG, visitor};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

async fn app_with_ada() -> (App, String) {
    let app = app_without_limits().await;
    let ada = app.add(ADA, Rank::Plain).await;
    (app, ada.id)
}

async fn fail(browser: &Browser, email: &str) {
    assert_eq!(browser.login(email, WRONG).await.code(), "invalid_credentials", "{email}");
}

fn counts(events: &[EventView]) -> Vec<i64> {
    events.iter().rev().map(|event| event.count).collect()
}

#[tokio::test]
async fn a_sign_in_and_its_sign_out_name_the_session_the_network_and_the_device() {
    let (app, ada) = app_with_ada().await;
    let browser = visitor(&app).await.at([203, 0, 113, 7]);
    let form = json!({"email": ADA, "password": PASSWORD});
    let call = browser.call(&Method::POST, "/api/login/").header("user-agent", FIREFOX).json(&form);
    assert_eq!(call.send().await.status, 200);
    let signed_in = of_type(&app, "sign_in.ok").await.remove(0);
    let person = json!({"kind": "user", "id": ada, "label": ADA});
    let told = json(&signed_in);
    assert_eq!((&told["actor"], &told["target"], &told["outcome"]), (&person, &person, &"ok".into()));
    assert_eq!((&told["network"], &told["device"]), (&"203.0.113.7".into(), &"Firefox on Linux".into()));
    assert_eq!(told["data"], json!({"method": "password"}));
    let session = app.database.texts("SELECT id FROM cloakroom_sessions").await.remove(0);
    assert_eq!(signed_in.session_id.as_deref(), Some(&*session));
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    let signed_out = of_type(&app, "sign_out").await.remove(0);
    assert_eq!((json(&signed_out)["actor"].clone(), signed_out.session_id), (person, Some(session)));
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    assert_eq!(types(&app).await, ["user.made", "sign_in.ok", "sign_out"], "nobody signs out twice");
}

#[tokio::test]
async fn signing_out_everywhere_is_one_event() {
    let (app, _) = app_with_ada().await;
    let browser = app.signed_in(ADA).await;
    app.signed_in(ADA).await;
    assert_eq!(browser.post("/api/logout/all/", &json!({})).await.status, 200);
    assert_eq!(json(&of_type(&app, "sessions.revoked").await[0])["data"], json!({"ended": 2}));
}

#[tokio::test]
async fn of_many_wrong_passwords_the_first_second_fourth_and_eighth_are_told() {
    let (app, ada) = app_with_ada().await;
    let browser = visitor(&app).await;
    for _ in 0..10 {
        fail(&browser, ADA).await;
    }
    let failed = of_type(&app, "sign_in.failed").await;
    assert_eq!(counts(&failed), [1, 2, 4, 8]);
    for event in &failed {
        let told = json(event);
        assert_eq!(told["target"], json!({"kind": "user", "id": ada, "label": ADA}));
        assert_eq!(told["actor"], json!({"kind": "browser", "id": null, "label": null}));
        assert_eq!(
            (&told["outcome"], &told["data"]["reason"]),
            (&"refused".into(), &"invalid_credentials".into())
        );
    }
    app.advance(Duration::from_mins(15));
    fail(&browser, ADA).await;
    assert_eq!(counts(&of_type(&app, "sign_in.failed").await), [1, 2, 4, 8, 1]);
}

#[tokio::test]
async fn tries_on_addresses_that_nobody_has_are_told_by_their_network_without_the_address() {
    for is_one in [true, false] {
        let (app, _) = app_with_ada().await;
        let browser = visitor(&app).await.at([203, 0, 113, 7]);
        for number in 0..10 {
            let number = if is_one { 0 } else { number };
            fail(&browser, &format!("nobody-{number}@example.test")).await;
        }
        let failed = of_type(&app, "sign_in.failed").await;
        assert_eq!(counts(&failed), [1, 2, 4, 8], "one address: {is_one}");
        assert!(failed.iter().all(|event| event.target.is_none()), "{failed:?}");
        assert!(failed.iter().all(|event| event.network.as_deref() == Some("203.0.113.7")), "{failed:?}");
        assert!(!app.database.stolen().await.contains("nobody-"));
        fail(&visitor(&app).await.at([203, 0, 113, 8]), "nobody@example.test").await;
        assert_eq!(counts(&of_type(&app, "sign_in.failed").await), [1, 2, 4, 8, 1]);
    }
}

#[tokio::test]
async fn tries_that_a_limit_refuses_are_told_apart() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let browser = visitor(&app).await;
    for _ in 0..10 {
        fail(&browser, ADA).await;
    }
    for _ in 0..4 {
        assert_eq!(browser.login(ADA, PASSWORD).await.code(), "rate_limited");
    }
    let limited = of_type(&app, "sign_in.limited").await;
    assert_eq!(counts(&limited), [1, 2, 4]);
    assert_eq!(json(&limited[0])["target"]["label"], ADA);
}

#[tokio::test]
async fn a_closed_account_and_a_wrong_proof_are_failures_too() {
    let (app, ada) = app_with_ada().await;
    let browser = app.signed_in(ADA).await;
    assert_eq!(reauthenticate(&browser, WRONG).await.code(), "invalid_credentials");
    let failed = of_type(&app, "sign_in.failed").await.remove(0);
    assert_eq!(json(&failed)["actor"], json!({"kind": "user", "id": ada, "label": ADA}));
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    assert_eq!(visitor(&app).await.login(ADA, PASSWORD).await.code(), "account_inactive");
    let failed = of_type(&app, "sign_in.failed").await.remove(0);
    assert_eq!((failed.count, &json(&failed)["data"]["reason"]), (2, &"account_inactive".into()));
}

#[tokio::test]
async fn failures_that_wait_are_written_at_the_end() {
    let (app, _) = app_with_ada().await;
    let other = app.another_node().await;
    fail(&visitor(&other).await, ADA).await;
    other.cloakroom.close().await;
    assert_eq!(of_type(&app, "sign_in.failed").await.len(), 1);
}
