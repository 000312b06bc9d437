//! Sessions and their cookies (`flow/sign_in/session.rs`, `http/cookies.rs`; security cases S01 to S21).

mod cookies;
mod end;
mod methods;
mod nodes;
mod number;
mod theft;

use std::collections::BTreeSet;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::config::Retention;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app_with, app_without_limits, switch_limits_off};
use crate::support::calls::PROFILE;
use crate::support::concurrency::within;
use crate::support::people::ADA;

const GRACE: &str = "grace@example.test";

const MINUTE: Duration = Duration::from_mins(1);

const DAY: Duration = Duration::from_hours(24);

async fn app_with_ada() -> App {
    let app = app_without_limits().await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// Returns the status of the profile for a browser that has this session cookie alone.
async fn status_with(app: &App, name: &str, ticket: &str) -> u16 {
    let cookie = format!("{name}={ticket}");
    app.browser().call(&Method::GET, PROFILE).header("cookie", cookie).send().await.status.as_u16()
}

async fn assert_dead(browser: &Browser, what: &str) {
    let reply = browser.get(PROFILE).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{what}");
    assert_eq!(browser.copy().state().await, "anonymous", "{what}");
}

/// Splits a `Set-Cookie` header into name and value, and its attributes in lower case.
fn cookie_of(reply: &Reply, name: &str) -> (String, BTreeSet<String>) {
    let text = reply.set_cookie(name).unwrap_or_else(|| panic!("no {name} in {:?}", reply.headers));
    let mut parts = text.split(';').map(str::trim);
    let value = parts.next().unwrap().split_once('=').unwrap().1.to_owned();
    (value, parts.map(str::to_lowercase).collect())
}

#[tokio::test]
async fn s01_a_session_from_before_the_login_does_not_become_the_new_one() {
    let app = app_with_ada().await;
    app.add(GRACE, Rank::Plain).await;
    let browser = app.signed_in(GRACE).await;
    let before = browser.cookie("sessionid").unwrap();
    assert_eq!(status_with(&app, "sessionid", &before).await, 200);
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_ne!(browser.cookie("sessionid").unwrap(), before);
    assert_eq!(status_with(&app, "sessionid", &before).await, 401);
    assert_eq!(browser.get(PROFILE).await.json()["email"], ADA);
}

#[tokio::test]
async fn s03_every_sign_in_gets_a_new_ticket_and_ends_the_old_one() {
    let app = app_with_ada().await;
    let browser = app.signed_in(ADA).await;
    let mut tickets = vec![browser.cookie("sessionid").unwrap()];
    for _ in 0..3 {
        assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
        tickets.push(browser.cookie("sessionid").unwrap());
    }
    assert_eq!(tickets.iter().collect::<BTreeSet<_>>().len(), 4);
    let live = tickets.pop().unwrap();
    for dead in tickets {
        assert_eq!(status_with(&app, "sessionid", &dead).await, 401);
    }
    assert_eq!(status_with(&app, "sessionid", &live).await, 200);
    assert_eq!(app.database.rows("sessions").await, 1);
}

#[tokio::test]
async fn s03_no_session_gains_privilege_under_the_ticket_that_it_has() {
    let app = app_with_ada().await;
    for rank in [Rank::Staff, Rank::Superuser] {
        let ada = app.signed_in(ADA).await;
        assert_eq!(ada.get(PROFILE).await.status, 200);
        app.cloakroom.administration().set_rank(ADA, rank).await.unwrap();
        assert_dead(&ada, &format!("{rank:?}")).await;
    }
    assert_eq!(app.signed_in(ADA).await.get(PROFILE).await.json()["is_superuser"], true);
}

#[tokio::test]
async fn s03_m03_lost_rights_are_gone_with_the_next_request() {
    let app = app_without_limits().await;
    app.add(ADA, Rank::Superuser).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.json()["is_staff"], true);
    app.cloakroom.administration().set_rank(ADA, Rank::Staff).await.unwrap();
    let profile = ada.get(PROFILE).await.json();
    assert_eq!((&profile["is_staff"], &profile["is_superuser"]), (&json!(true), &json!(false)));
    app.cloakroom.administration().set_rank(ADA, Rank::Plain).await.unwrap();
    assert_eq!(ada.get("/api/session/").await.json()["user"]["is_staff"], false);
}

async fn session_ends(app: &App) -> Vec<String> {
    app.database.texts("SELECT CAST(last_seen_at AS TEXT) FROM cloakroom_sessions").await
}

/// Sends a request that moves the idle end, and waits until the row is updated.
async fn use_session(app: &App, browser: &Browser) -> Reply {
    let before = session_ends(app).await;
    let reply = browser.get(PROFILE).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    within(Duration::from_secs(5), async || session_ends(app).await != before).await;
    reply
}

/// A browser changes its account only by a sign-in, and then completely.
#[tokio::test]
async fn s16_signing_in_as_somebody_else_leaves_nothing_of_the_first() {
    let app = app_with_ada().await;
    app.add(GRACE, Rank::Staff).await;
    let browser = app.signed_in(GRACE).await;
    let first = browser.copy();
    assert_eq!(browser.login(ADA, "wrong-horse-battery").await.code(), "invalid_credentials");
    assert_eq!(browser.get(PROFILE).await.json()["email"], GRACE, "a try that failed changes nothing");
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    let view = browser.get("/api/session/").await.json();
    assert_eq!((&view["user"]["email"], &view["user"]["is_staff"]), (&json!(ADA), &json!(false)));
    assert_dead(&first, "the first one's session").await;
}

#[tokio::test]
async fn s19_no_reply_of_the_api_may_be_cached() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let nobody = app.browser();
    let mut replies = Vec::new();
    for path in [
        PROFILE,
        "/api/session/",
        "/api/config/",
        "/api/login-set-cookie/",
        "/api/openapi.json",
        "/api/docs/",
    ] {
        replies.push(ada.get(path).await);
        replies.push(nobody.get(path).await);
        replies.push(ada.call(&Method::GET, path).header("if-none-match", "*").send().await);
    }
    replies.push(ada.get("/api/nothing/").await);
    replies.push(ada.get("/api/login/").await);
    replies.push(nobody.post("/api/login/", &json!({"email": ADA, "password": "wrong"})).await);
    replies.push(ada.post("/api/login/", &json!({"email": ADA, "password": "wrong"})).await);
    replies.push(ada.post("/api/login/", &json!([])).await);
    replies.push(ada.call(&Method::GET, PROFILE).header("authorization", "Token x").send().await);
    replies.push(ada.call(&Method::POST, "/api/login/").without("x-csrftoken").send().await);
    let statuses: BTreeSet<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, BTreeSet::from([200, 400, 401, 403, 404, 405, 422]), "every kind was looked at");
    for reply in replies {
        assert_eq!(reply.headers["cache-control"], "no-store", "{}", reply.text);
        assert!(!reply.headers.contains_key("etag") && !reply.headers.contains_key("last-modified"));
    }
}

#[tokio::test]
async fn the_cookie_is_sent_again_as_activity_moves_the_idle_end() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (ticket, token) = (ada.cookie("sessionid").unwrap(), ada.cookie("csrftoken").unwrap());
    let end = async || ada.get("/api/session/").await.json()["expires_at"].as_str().unwrap().to_owned();
    let first_end = end().await;
    assert!(ada.get(PROFILE).await.set_cookie("sessionid").is_none(), "nothing has moved yet");
    app.advance(10 * MINUTE);
    let reply = use_session(&app, &ada).await;
    let (value, attributes) = cookie_of(&reply, "sessionid");
    assert_eq!(value, ticket);
    assert!(attributes.contains("max-age=1209600"), "{attributes:?}");
    assert_eq!(ada.cookie("csrftoken").unwrap(), token);
    assert!(end().await > first_end);
    assert!(ada.get(PROFILE).await.set_cookie("sessionid").is_none(), "told once");
    app.advance(10 * MINUTE);
    let view = ada.get("/api/session/").await;
    assert_eq!(cookie_of(&view, "sessionid").0, ticket, "`GET /api/session/` renews as well");
}

#[tokio::test]
async fn expired_rows_are_swept_and_live_ones_are_not() {
    // Events are swept as well (`admin/events/keeping.rs`).
    let app = app_with(|config| {
        switch_limits_off(config);
        config.audit.keep = Retention::FOR_EVER;
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    let kept = app.signed_in(ADA).await;
    for _ in 0..3 {
        app.signed_in(ADA).await;
    }
    assert_eq!(app.sweep().await, 0, "nothing has expired");
    app.advance(10 * DAY);
    use_session(&app, &kept).await;
    app.advance(10 * DAY);
    assert_eq!(app.sweep().await, 3);
    assert_eq!(kept.get(PROFILE).await.status, 200);
    assert_eq!((app.database.rows("sessions").await, app.database.rows("browsers").await), (1, 4));
    app.advance(401 * DAY);
    assert_eq!(app.sweep().await, 5, "the session, and browsers whose cookies have ended");
    assert_eq!((app.database.rows("sessions").await, app.database.rows("browsers").await), (0, 0));
    assert_eq!(app.database.rows("users").await, 1);
}

#[tokio::test]
async fn the_view_of_a_session_has_exactly_these_fields() {
    let app = app_with_ada().await;
    let nobody = app.browser().get("/api/session/").await.json();
    let fields = ["aal", "amr", "authenticated_at", "expires_at", "methods", "state", "tasks", "user"];
    assert_eq!(
        nobody,
        json!({"state": "anonymous", "user": null, "authenticated_at": null, "expires_at": null,
            "aal": null, "amr": [], "methods": [], "tasks": []})
    );
    let ada = app.signed_in(ADA).await;
    let view = ada.get("/api/session/").await.json();
    assert_eq!(names(&view), BTreeSet::from(fields));
    let user = ["date_joined", "email", "has_password", "id", "is_staff", "is_superuser"];
    assert_eq!(names(&view["user"]), BTreeSet::from(user));
    for instant in [&view["authenticated_at"], &view["expires_at"], &view["user"]["date_joined"]] {
        let text = instant.as_str().unwrap();
        assert!(text.ends_with('Z') && text.as_bytes()[10] == b'T', "{text} is RFC 3339 in UTC");
    }
    let profile = ada.get(PROFILE).await.json();
    assert_eq!(names(&profile), BTreeSet::from(["email", "id", "is_staff", "is_superuser"]));
}

fn names(object: &serde_json::Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
