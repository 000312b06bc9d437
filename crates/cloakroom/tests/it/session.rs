//! Sessions and their cookies (`flow/session.rs`, `http/cookies.rs`, contract section 4; catalogue S01 to S21).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::{self, Rank};
use cloakroom::config::Lifetime;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::json;

use crate::database::{App, app_with, app_without_limits, https_app};
use crate::race::{SOON, at_once, within};

const ADA: &str = "ada@example.test";
const GRACE: &str = "grace@example.test";
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const PROFILE: &str = "/api/users/profile/";

async fn app_with_ada() -> App {
    let app = app_without_limits().await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// What a browser with this session cookie and nothing else is told: the status of the profile.
async fn status_with(app: &App, name: &str, ticket: &str) -> u16 {
    let cookie = format!("{name}={ticket}");
    app.browser().call(&Method::GET, PROFILE).header("cookie", cookie).send().await.status.as_u16()
}

async fn assert_dead(browser: &Browser, what: &str) {
    let reply = browser.get(PROFILE).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{what}");
    assert_eq!(browser.copy().state().await, "anonymous", "{what}");
}

/// The name, value and attributes of a `Set-Cookie`, attributes in lower case.
fn cookie_of(reply: &Reply, name: &str) -> (String, BTreeSet<String>) {
    let text = reply.set_cookie(name).unwrap_or_else(|| panic!("no {name} in {:?}", reply.headers));
    let mut parts = text.split(';').map(str::trim);
    let value = parts.next().unwrap().split_once('=').unwrap().1.to_owned();
    (value, parts.map(str::to_lowercase).collect())
}

fn attributes(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|attribute| (*attribute).to_owned()).collect()
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
        administration::set_rank(&app.cloakroom, ADA, rank).await.unwrap();
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
    administration::set_rank(&app.cloakroom, ADA, Rank::Staff).await.unwrap();
    let profile = ada.get(PROFILE).await.json();
    assert_eq!((&profile["is_staff"], &profile["is_superuser"]), (&json!(true), &json!(false)));
    administration::set_rank(&app.cloakroom, ADA, Rank::Plain).await.unwrap();
    assert_eq!(ada.get("/api/session/").await.json()["user"]["is_staff"], false);
}

#[tokio::test]
async fn s04_a_ticket_is_dead_after_its_logout() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let thief = ada.copy();
    assert_eq!(thief.get(PROFILE).await.status, 200);
    let reply = ada.post("/api/logout/", &json!({})).await;
    assert_eq!(reply.json()["detail"], "Logout Successful");
    assert_dead(&thief, "the copy").await;
    assert_eq!(ada.state().await, "anonymous");
    assert_eq!(app.database.rows("sessions").await, 0);
}

#[tokio::test]
async fn s04_a_dead_session_signs_out_as_well() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let late = ada.copy();
    assert_eq!(ada.post("/api/logout/", &json!({})).await.status, 200);
    let reply = late.post("/api/logout/", &json!({})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["detail"]), (200, &json!("Logout Successful")));
    assert_eq!(late.cookie("sessionid"), None);
    assert_eq!(
        late.post("/api/logout/", &json!({})).await.status,
        200,
        "and once more, with no session at all"
    );
    assert_eq!(late.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn s05_signing_out_everywhere_ends_every_session_of_the_user_and_no_other() {
    let app = app_with_ada().await;
    app.add(GRACE, Rank::Plain).await;
    let (here, there, elsewhere) =
        (app.signed_in(ADA).await, app.signed_in(ADA).await, app.signed_in(ADA).await);
    let grace = app.signed_in(GRACE).await;
    for browser in [&here, &there, &elsewhere, &grace] {
        assert_eq!(browser.get(PROFILE).await.status, 200);
    }
    let reply = here.post("/api/logout/all/", &json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for browser in [&here, &there, &elsewhere] {
        assert_dead(browser, "a session of ada").await;
    }
    assert_eq!(grace.get(PROFILE).await.status, 200);
    assert_eq!(here.post("/api/logout/all/", &json!({})).await.code(), "not_authenticated");
}

#[tokio::test]
async fn s06_s07_another_password_ends_every_session() {
    let app = app_with_ada().await;
    let (one, two) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    assert_eq!(
        (one.get(PROFILE).await.status, two.get(PROFILE).await.status),
        (http::StatusCode::OK, http::StatusCode::OK)
    );
    administration::set_password(&app.cloakroom, ADA, "another-horse-battery").await.unwrap();
    assert_dead(&one, "one").await;
    assert_dead(&two, "two").await;
    assert_eq!(one.login(ADA, PASSWORD).await.code(), "invalid_credentials");
    assert_eq!(one.login(ADA, "another-horse-battery").await.status, 200);
}

#[tokio::test]
async fn s08_a_deactivated_account_is_out_at_once_and_its_sessions_do_not_revive() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    administration::set_active(&app.cloakroom, ADA, false).await.unwrap();
    assert_dead(&ada.copy(), "deactivated").await;
    assert_eq!(ada.copy().login(ADA, PASSWORD).await.code(), "account_inactive");
    administration::set_active(&app.cloakroom, ADA, true).await.unwrap();
    assert_dead(&ada, "active again").await;
    assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn s08_a_row_of_a_deactivated_user_opens_nothing() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    // As an import or a hand in the database would: the flag alone, with the session left in place.
    assert_eq!(app.database.change("UPDATE users SET is_active = FALSE").await, 1);
    app.advance(10 * Duration::from_secs(1));
    assert_eq!(app.database.rows("sessions").await, 1);
    assert_dead(&ada, "the flag is enough").await;
}

#[tokio::test]
async fn s08_a_deleted_account_leaves_nothing_that_opens_anything() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    administration::delete(&app.cloakroom, ADA).await.unwrap();
    assert_dead(&ada, "deleted").await;
    assert_eq!(ada.login(ADA, PASSWORD).await.code(), "invalid_credentials");
    for table in ["users", "sessions", "browsers"] {
        assert_eq!(app.database.rows(table).await, 0, "{table}");
    }
    app.add(ADA, Rank::Plain).await;
    assert_eq!(ada.state().await, "anonymous", "a new account of that address is another one");
}

async fn session_ends(app: &App) -> Vec<String> {
    app.database.texts("SELECT CAST(last_seen_at AS TEXT) FROM sessions").await
}

/// A request that moves the idle end, and the row in which it is written down a moment later.
async fn use_session(app: &App, browser: &Browser) -> Reply {
    let before = session_ends(app).await;
    let reply = browser.get(PROFILE).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    within(Duration::from_secs(5), async || session_ends(app).await != before).await;
    reply
}

#[tokio::test]
async fn s09_a_session_that_is_not_used_ends_and_its_cookie_is_cleared() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    app.advance(13 * DAY);
    use_session(&app, &ada).await;
    app.advance(13 * DAY);
    use_session(&app, &ada).await;
    app.advance(14 * DAY + MINUTE);
    let ended = ada.copy();
    let reply = ended.get(PROFILE).await;
    assert_eq!(reply.code(), "not_authenticated");
    let reply = ended.get("/api/session/").await;
    assert_eq!((reply.status.as_u16(), &reply.json()["state"]), (200, &json!("anonymous")));
    assert!(cookie_of(&reply, "sessionid").1.contains("max-age=0"));
    assert_eq!(ended.cookie("sessionid"), None);
    // Not even if the request comes before anybody has swept, and asks for more.
    assert_eq!(app.database.rows("sessions").await, 1);
    assert_eq!(ada.post("/api/logout/all/", &json!({})).await.code(), "not_authenticated");
}

#[tokio::test]
async fn s09_the_idle_end_holds_for_a_session_in_the_cache_too() {
    let app = app_with(|config| config.session.idle = Lifetime::from(Duration::from_secs(3))).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    app.advance(Duration::from_secs(4));
    assert_dead(&ada, "four seconds later").await;
}

#[tokio::test]
async fn s10_a_session_ends_however_much_it_is_used() {
    let app = app_with(|config| {
        config.session.idle = Lifetime::from_minutes(60);
        config.session.absolute = Lifetime::from_minutes(240);
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    for _ in 0..7 {
        app.advance(30 * MINUTE);
        use_session(&app, &ada).await;
    }
    app.advance(29 * MINUTE);
    let view = ada.get("/api/session/").await.json();
    assert_eq!(view["state"], "authenticated", "a minute before its end");
    app.advance(MINUTE);
    assert_dead(&ada, "after four hours").await;
}

/// Three seconds pass in the cache's life of five: the end is a matter of the clock, not of the cache.
#[tokio::test]
async fn s10_the_absolute_end_holds_for_a_session_in_the_cache_too() {
    let app = app_with(|config| config.session.absolute = Lifetime::from(Duration::from_secs(3))).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    app.advance(Duration::from_secs(4));
    assert_dead(&ada, "four seconds later").await;
}

#[tokio::test]
async fn s11_cookies_over_https_have_the_attributes_of_the_contract() {
    let app = https_app().await;
    app.add(ADA, Rank::Plain).await;
    let browser = app.browser();
    let shared = ["path=/", "samesite=lax", "secure"];
    let with = |more: &[&str]| attributes(&[&shared, more].concat());
    let page = browser.open_login_page().await;
    assert_eq!(cookie_of(&page, "csrftoken").1, with(&["max-age=34560000"]));
    assert_eq!(cookie_of(&page, "__Host-browser").1, with(&["httponly", "max-age=34560000"]));
    let login = browser.login(ADA, PASSWORD).await;
    assert_eq!(cookie_of(&login, "__Host-sessionid").1, with(&["httponly", "max-age=1209600"]));
    assert_eq!(cookie_of(&login, "csrftoken").1, with(&["max-age=34560000"]));
    let logout = browser.post("/api/logout/", &json!({})).await;
    assert_eq!(cookie_of(&logout, "__Host-sessionid"), (String::new(), with(&["httponly", "max-age=0"])));
    assert_eq!(cookie_of(&logout, "csrftoken").1, with(&["max-age=34560000"]));
    for reply in [page, login, logout] {
        for cookie in reply.headers.get_all("set-cookie") {
            assert!(cookie.len() < 4096, "{cookie:?}");
        }
    }
}

#[tokio::test]
async fn s11_cookies_on_loopback_are_the_same_without_secure() {
    let app = app_with_ada().await;
    let browser = app.browser();
    let page = browser.open_login_page().await;
    assert_eq!(cookie_of(&page, "csrftoken").1, attributes(&["path=/", "samesite=lax", "max-age=34560000"]));
    let http_only = ["path=/", "samesite=lax", "httponly"];
    let with = |age| attributes(&[&http_only[..], &[age]].concat());
    assert_eq!(cookie_of(&page, "browser").1, with("max-age=34560000"));
    let login = browser.login(ADA, PASSWORD).await;
    assert_eq!(cookie_of(&login, "sessionid").1, with("max-age=1209600"));
    assert!(login.set_cookie("csrftoken").is_some());
}

#[tokio::test]
async fn s11_the_browser_cookie_is_given_once_and_outlives_login_and_logout() {
    let app = app_with_ada().await;
    let browser = app.browser();
    browser.open_login_page().await;
    let first = browser.cookie("browser").unwrap();
    assert!(browser.get("/api/session/").await.set_cookie("browser").is_none());
    assert!(browser.login(ADA, PASSWORD).await.set_cookie("browser").is_none());
    assert!(browser.post("/api/logout/", &json!({})).await.set_cookie("browser").is_none());
    assert_eq!(browser.cookie("browser").unwrap(), first);
}

#[tokio::test]
async fn s11_a_browser_that_has_lost_its_browser_cookie_is_given_another() {
    let app = app_with_ada().await;
    for path in ["/api/login-set-cookie/", "/api/session/", "/api/login/"] {
        let browser = app.browser();
        browser.plant("sessionid", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG");
        if path == "/api/login/" {
            browser.open_login_page().await;
            let token = browser.cookie("csrftoken").unwrap();
            let cookies = format!("sessionid={}; csrftoken={token}", browser.cookie("sessionid").unwrap());
            let body = json!({"email": ADA, "password": PASSWORD});
            let reply = browser.call(&Method::POST, path).json(&body).instead("cookie", cookies).send().await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert!(reply.set_cookie("browser").is_some(), "{path}");
        } else {
            assert!(browser.get(path).await.set_cookie("browser").is_some(), "{path}");
        }
    }
}

/// A thousand sessions would be a thousand hashes; the browser cookie comes from the same generator without one.
#[tokio::test]
async fn s12_a_thousand_tickets_are_256_random_bits_each() {
    let app = app_with_ada().await;
    let mut tickets = Vec::new();
    for _ in 0..10 {
        let browser = app.signed_in(ADA).await;
        let ticket = browser.cookie("sessionid").unwrap();
        let session = browser.get("/api/session/").await;
        assert!(!session.text.contains(&ticket));
        tickets.push(ticket);
    }
    for _ in 0..990 {
        let browser = app.browser();
        browser.open_login_page().await;
        tickets.push(browser.cookie("browser").unwrap());
    }
    let mut ones = [0_u32; 256];
    for ticket in &tickets {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(ticket).unwrap();
        assert_eq!(bytes.len(), 32, "{ticket}");
        for (bit, count) in ones.iter_mut().enumerate() {
            *count += u32::from(bytes[bit / 8] >> (bit % 8) & 1);
        }
    }
    assert_eq!(tickets.iter().collect::<BTreeSet<_>>().len(), 1000);
    // 500 expected, with a deviation of 16: six of those are never seen in a bit that is random.
    assert!(ones.iter().all(|count| (400..=600).contains(count)), "a bit is not random: {ones:?}");
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
    let mut known = app.database.texts("SELECT id FROM sessions").await;
    known.extend(app.database.texts("SELECT ticket_hash FROM sessions").await);
    known.extend(app.database.texts("SELECT id FROM users").await);
    assert_eq!(known.len(), 6);
    let own = grace.cookie("sessionid").unwrap();
    let token = grace.cookie("csrftoken").unwrap();
    for value in &known {
        for cookies in [
            format!("sessionid={value}; csrftoken={token}"),
            format!("sessionid={own}; sessionid={value}; csrftoken={token}"),
            format!("sessionid={value}; sessionid={own}; csrftoken={token}"),
        ] {
            let call = grace.call(&Method::POST, "/api/logout/").instead("cookie", &cookies);
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
                administration::set_active(&app.cloakroom, ADA, false).await.unwrap();
                administration::set_active(&app.cloakroom, ADA, true).await.unwrap();
            }
            "another password" => {
                administration::set_password(&app.cloakroom, ADA, PASSWORD).await.unwrap();
            }
            _ => {}
        }
        within(SOON, async || there.get(PROFILE).await.status == 401).await;
    }
}

/// What the command line does: its own process, no jobs, gone right after.
#[tokio::test]
async fn s15_the_command_line_ends_sessions_of_a_server_that_runs() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    let config = app.cloakroom.config().clone();
    let command = cloakroom::Cloakroom::for_administration(config).await.unwrap();
    administration::set_active(&command, ADA, false).await.unwrap();
    command.close().await;
    within(SOON, async || ada.get(PROFILE).await.status == 401).await;
}

/// The account that a browser is signed in to changes only by a sign-in, and then wholly.
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
async fn s17_a_malformed_cookie_is_nobody_and_breaks_nothing() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let ticket = ada.cookie("sessionid").unwrap();
    let many = "c=x; ".repeat(200);
    let mut malformed: Vec<Vec<u8>> = [
        String::new(),
        "=".into(),
        ";;;;".into(),
        "sessionid".into(),
        "sessionid=".into(),
        "sessionid=%".into(),
        format!("sessionid={}", "A".repeat(8192)),
        format!("sessionid={}", "A".repeat(43)),
        format!("sessionid={}%", &ticket[..42]),
        format!("sessionid={ticket}="),
        format!("sessionid=\"{ticket}\""),
        format!("sessionid={}", ticket.replace(|_: char| true, "%41")),
        format!("sessionid={ticket} x"),
        format!("session\u{131}d={ticket}"),
        "sessionid=' OR 1=1 --".into(),
    ]
    .map(String::into_bytes)
    .into();
    malformed.push(b"sessionid=\xff\xfe\xc0\x80".to_vec());
    malformed.push([b"sessionid=\xff", ticket.as_bytes()].concat());
    malformed.push([b"\xff\xfe=", ticket.as_bytes()].concat());
    for cookie in malformed {
        let shown = String::from_utf8_lossy(&cookie).into_owned();
        let nobody = app.browser();
        let call = async |method, path| nobody.call(method, path).instead("cookie", &cookie).send().await;
        let session = call(&Method::GET, "/api/session/").await;
        assert_eq!(
            (session.status.as_u16(), &session.json()["state"]),
            (200, &json!("anonymous")),
            "{shown}"
        );
        assert_eq!(call(&Method::GET, PROFILE).await.status, 401, "{shown}");
        assert_eq!(call(&Method::POST, "/api/logout/").await.code(), "csrf_failed", "{shown}");
    }
    let among_many = format!("{many}sessionid={ticket}");
    let reply = app.browser().call(&Method::GET, PROFILE).header("cookie", among_many).send().await;
    assert_eq!(reply.status, 200, "what is well formed is still found among 200 others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s18_no_request_under_way_resurrects_a_session_that_was_signed_out() {
    let app = app_with_ada().await;
    for round in 0..5 {
        let ada = Arc::new(app.signed_in(ADA).await);
        // Long enough that each request has activity to write down.
        app.advance(10 * MINUTE);
        let thieves: Vec<_> = (0..20).map(|_| Arc::new(ada.copy())).collect();
        let replies = at_once(20, |number| {
            let (ada, thief) = (Arc::clone(&ada), Arc::clone(&thieves[number]));
            async move {
                if number == 7 {
                    ada.post("/api/logout/", &json!({})).await
                } else {
                    thief.get(PROFILE).await
                }
            }
        })
        .await;
        for reply in replies {
            assert!(matches!(reply.status.as_u16(), 200 | 401), "round {round}: {}", reply.text);
        }
        for thief in &thieves {
            assert_eq!(thief.get(PROFILE).await.status, 401, "round {round}");
        }
        // What was still to be written down has found no row.
        app.sweep().await;
        assert_eq!(app.database.rows("sessions").await, 0, "round {round}");
    }
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

/// Nor do the browsers of a user, each a cookie that anybody can invent, fill the database.
#[tokio::test]
async fn s21_a_user_has_at_most_a_hundred_known_browsers() {
    let app = app_with_ada().await;
    let user = app.database.texts("SELECT id FROM users").await.remove(0);
    let owner = app.signed_in(ADA).await;
    for number in 0..120 {
        let plant =
            format!("INSERT INTO browsers VALUES ('{user}', 'planted-{number}', {})", 1_000_000 + number);
        app.database.change(&plant).await;
    }
    app.advance(Duration::from_secs(1));
    app.signed_in(ADA).await;
    let left = app.database.texts("SELECT browser_hash FROM browsers ORDER BY last_seen_at").await;
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
async fn the_view_of_a_session_holds_what_the_contract_names() {
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
