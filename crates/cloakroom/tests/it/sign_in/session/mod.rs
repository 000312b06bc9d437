//! Sessions and their cookies (`flow/sign_in/session.rs`, `http/cookies.rs`; security cases S01 to S21).

mod cookies;
mod end;
mod methods;

use std::collections::BTreeSet;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app_without_limits};
use crate::support::calls::PROFILE;
use crate::support::concurrency::{REVOCATION_DEADLINE, within};
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
async fn s02_a_planted_ticket_is_never_adopted() {
    let app = app_with_ada().await;
    let planted = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    let browser = app.browser();
    browser.plant("sessionid", planted);
    let page = browser.open_login_page().await;
    assert!(page.set_cookie("sessionid").is_none());
    let reply = browser.login(ADA, PASSWORD).await;
    assert_eq!(reply.status, 200, "a dead ticket does not stand in the way: {}", reply.text);
    assert_ne!(cookie_of(&reply, "sessionid").0, planted);
    assert_eq!(status_with(&app, "sessionid", planted).await, 401);
}

#[tokio::test]
async fn s02_a_planted_browser_cookie_opens_nothing() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let session = ada.cookie("sessionid").unwrap();
    assert_eq!(status_with(&app, "browser", &session).await, 401);
    assert_eq!(status_with(&app, "sessionid", &ada.cookie("browser").unwrap()).await, 401);
}

#[tokio::test]
async fn s03_every_sign_in_has_a_ticket_of_its_own_and_ends_the_one_before() {
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
async fn s03_m03_what_is_taken_from_a_session_is_gone_with_its_next_request() {
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

#[tokio::test]
async fn s13_a_stolen_database_holds_nothing_that_signs_in() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let (ticket, browser) = (ada.cookie("sessionid").unwrap(), ada.cookie("browser").unwrap());
    let loot = app.database.stolen().await;
    assert!(loot.contains(ADA), "the search finds what is there");
    let hash = |text: &str| {
        use base64::Engine as _;
        use sha2::Digest as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(text))
    };
    assert!(loot.contains(&hash(&ticket)), "the session is kept as the SHA-256 of its ticket");
    for (what, secret) in [
        ("ticket", &*ticket),
        ("browser", &*browser),
        ("csrf token", &*ada.cookie("csrftoken").unwrap()),
        ("password", PASSWORD),
    ] {
        assert!(!loot.contains(secret), "the {what} lies in the database");
    }
    assert_eq!(status_with(&app, "sessionid", &hash(&ticket)).await, 401, "a hash is no ticket");
}

#[tokio::test]
async fn s14_nobody_ends_a_session_by_what_may_be_known_of_it() {
    let app = app_with_ada().await;
    app.add(GRACE, Rank::Plain).await;
    let (ada, grace) = (app.signed_in(ADA).await, app.signed_in(GRACE).await);
    let mut known = app.database.texts("SELECT id FROM cloakroom_sessions").await;
    known.extend(app.database.texts("SELECT ticket_hash FROM cloakroom_sessions").await);
    known.extend(app.database.texts("SELECT id FROM cloakroom_users").await);
    assert_eq!(known.len(), 6);
    let own = grace.cookie("sessionid").unwrap();
    let token = grace.cookie("csrftoken").unwrap();
    for value in &known {
        for cookies in [
            format!("sessionid={value}; csrftoken={token}"),
            format!("sessionid={own}; sessionid={value}; csrftoken={token}"),
            format!("sessionid={value}; sessionid={own}; csrftoken={token}"),
        ] {
            // A copy of the cookies, because the refusal sets a token of its own.
            let thief = grace.copy();
            let call = thief.call(&Method::POST, "/api/logout/").instead("cookie", &cookies);
            let reply = call.instead("x-csrftoken", &token).body("{}").send().await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{cookies}");
        }
        let in_the_body = grace.post("/api/logout/", &json!({"session": value})).await;
        assert_eq!(in_the_body.status, 422, "{value}");
    }
    assert_eq!(ada.state().await, "authenticated");
    assert_eq!(grace.state().await, "authenticated");
}

#[tokio::test]
async fn s15_a_session_of_one_node_works_on_the_other_and_ends_on_both_within_a_second() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    let ends: [(&str, &[&str]); 4] = [
        ("logout", &["/api/logout/"]),
        ("logout everywhere", &["/api/logout/all/"]),
        ("deactivation", &[]),
        ("another password", &[]),
    ];
    for (what, calls) in ends {
        let here = app.signed_in(ADA).await;
        let there = node.browser();
        for name in ["sessionid", "csrftoken", "browser"] {
            there.plant(name, &here.cookie(name).unwrap());
        }
        assert_eq!(there.get(PROFILE).await.status, 200, "{what}: in the other node's cache now");
        for path in calls {
            assert_eq!(here.post(path, &json!({})).await.status, 200);
        }
        match what {
            "deactivation" => {
                app.cloakroom.administration().set_active(ADA, false).await.unwrap();
                app.cloakroom.administration().set_active(ADA, true).await.unwrap();
            }
            "another password" => {
                app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap();
            }
            _ => {}
        }
        within(REVOCATION_DEADLINE, async || there.get(PROFILE).await.status == 401).await;
    }
}

/// As the command line does: a process of its own without jobs, which ends right after.
#[tokio::test]
async fn s15_the_command_line_ends_sessions_of_a_server_that_runs() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    let config = app.cloakroom.config().clone();
    let command = cloakroom::Cloakroom::for_administration(config).await.unwrap();
    command.administration().set_active(ADA, false).await.unwrap();
    command.close().await;
    within(REVOCATION_DEADLINE, async || ada.get(PROFILE).await.status == 401).await;
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
async fn s19_no_reply_of_the_api_may_be_kept_by_a_cache() {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s21_a_user_has_at_most_a_hundred_sessions_and_a_new_one_ends_the_oldest_at_once() {
    let app = app_with_ada().await;
    let oldest = app.signed_in(ADA).await;
    app.advance(Duration::from_secs(1));
    let second = app.signed_in(ADA).await;
    app.advance(Duration::from_secs(1));
    for _ in 0..98 {
        app.signed_in(ADA).await;
    }
    assert_eq!((app.database.rows("sessions").await, oldest.get(PROFILE).await.status.as_u16()), (100, 200));
    let newest = app.browser();
    newest.open_login_page().await;
    assert_eq!(oldest.get(PROFILE).await.status, 200, "in the cache a moment before");
    assert_eq!(newest.login(ADA, PASSWORD).await.status, 200);
    assert_dead(&oldest, "the very next request").await;
    assert_eq!(second.get(PROFILE).await.status, 200);
    assert_eq!(newest.get(PROFILE).await.status, 200);
    assert_eq!(app.database.rows("sessions").await, 100);
}

/// Known browsers of a user, each a cookie that anybody can invent, do not fill the database.
#[tokio::test]
async fn s21_a_user_has_at_most_a_hundred_known_browsers() {
    let app = app_with_ada().await;
    let user = app.database.texts("SELECT id FROM cloakroom_users").await.remove(0);
    let owner = app.signed_in(ADA).await;
    for number in 0..120 {
        let plant = format!(
            "INSERT INTO cloakroom_browsers VALUES ('{user}', 'planted-{number}', {})",
            1_000_000 + number
        );
        app.database.change(&plant).await;
    }
    app.advance(Duration::from_secs(1));
    app.signed_in(ADA).await;
    let left = app.database.texts("SELECT browser_hash FROM cloakroom_browsers ORDER BY last_seen_at").await;
    assert_eq!((left.len(), &*left[0]), (100, "planted-22"), "the oldest went");
    assert_eq!(owner.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(app.database.rows("browsers").await, 100);
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
async fn what_has_expired_is_swept_and_what_lives_is_not() {
    let app = app_with_ada().await;
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
    assert_eq!(
        nobody,
        json!({"state": "anonymous", "user": null, "authenticated_at": null, "expires_at": null})
    );
    let ada = app.signed_in(ADA).await;
    let view = ada.get("/api/session/").await.json();
    assert_eq!(names(&view), BTreeSet::from(["authenticated_at", "expires_at", "state", "user"]));
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
