//! Limits on attempts (`limits/`; security cases B01 to B14).
//!
//! An attempt is "let through" if the reply is about the credentials: `invalid_credentials`, or a sign-in.

mod browsers;
mod ceiling;
mod client_address;
mod mails;
mod networks;
mod queue;
mod rows;
mod windows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply, TestApp};
use cloakroom::{Config, Rate};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app_with};
use crate::support::concurrency::at_once;
use crate::support::people::{ADA, WRONG};

const WINDOW: Duration = Duration::from_mins(15);

/// Sets the limits of an account and of a network, in windows of 15 minutes. 0 switches a limit off.
fn rates(per_account: u32, per_address: u32) -> impl FnOnce(&mut Config) {
    move |config| {
        config.limits.login_per_account = Rate { count: per_account, window: WINDOW };
        config.limits.login_per_ip = Rate { count: per_address, window: WINDOW };
        config.trusted_proxies = vec!["127.0.0.2/32".parse().unwrap()];
    }
}

async fn app_with_rates(per_account: u32, per_address: u32) -> App {
    let app = app_with(rates(per_account, per_address)).await;
    app.add(ADA, Rank::Plain).await;
    app
}

async fn browser_at(app: &TestApp, address: [u8; 4]) -> Browser {
    let browser = app.browser().at(address);
    browser.open_login_page().await;
    browser
}

async fn browser(app: &TestApp) -> Browser {
    browser_at(app, [127, 0, 0, 50]).await
}

/// Sends a login as the proxy at 127.0.0.2 forwards it.
async fn login_through_proxy(app: &TestApp, forwarded_for: &[&str], email: &str) -> Reply {
    let browser = browser_at(app, [127, 0, 0, 2]).await;
    let mut call =
        browser.call(&Method::POST, "/api/login/").json(&json!({"email": email, "password": WRONG}));
    for value in forwarded_for {
        call = call.header("x-forwarded-for", value);
    }
    call.send().await
}

fn is_limited(reply: &Reply) -> bool {
    match (reply.status.as_u16(), &*reply.code()) {
        (429, "rate_limited") => true,
        (400, "invalid_credentials") | (200, "") => false,
        _ => panic!("{} {}", reply.status, reply.text),
    }
}

/// Counts the attempts that are let through before the first refusal, at most 30.
async fn let_through(tries: impl AsyncFn(usize) -> Reply) -> usize {
    for number in 0..30 {
        if is_limited(&tries(number).await) {
            return number;
        }
    }
    30
}

#[tokio::test]
async fn b01_after_the_limit_even_the_right_password_is_refused() {
    let app = app_with_rates(5, 0).await;
    let browser = browser(&app).await;
    assert_eq!(let_through(async |_| browser.login(ADA, WRONG).await).await, 5);
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let reply = browser.login(ADA, PASSWORD).await;
        quickest = quickest.min(start.elapsed());
        assert!(is_limited(&reply), "{}", reply.text);
        assert!(!reply.headers.contains_key("set-cookie"));
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    assert_eq!(browser.state().await, "anonymous");
    let unhashed = quickest;
    let start = Instant::now();
    browser_at(&app, [127, 0, 0, 51]).await.login(ADA, WRONG).await;
    assert!(unhashed < start.elapsed(), "nothing was hashed: {unhashed:?} against {:?}", start.elapsed());
}

#[tokio::test]
async fn b02_one_attempt_at_each_of_many_accounts_meets_the_limit_of_the_network() {
    let app = app_with_rates(10, 8).await;
    let browser = browser(&app).await;
    let spray = async |number| browser.login(&format!("user{number}@example.test"), WRONG).await;
    assert_eq!(let_through(spray).await, 8);
    assert!(is_limited(&browser.login(ADA, PASSWORD).await), "nor the right password of any account");
    let neighbour = browser_at(&app, [127, 0, 0, 51]).await;
    assert_eq!(neighbour.login(ADA, PASSWORD).await.status, 200, "another address is another count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b03_sixty_concurrent_attempts_are_sixty_attempts() {
    let app = app_with_rates(5, 0).await;
    let browser = Arc::new(browser(&app).await);
    let replies = at_once(60, |_| {
        let browser = Arc::clone(&browser);
        async move { browser.login(ADA, WRONG).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| !is_limited(reply)).count(), 5);
    assert!(is_limited(&browser.login(ADA, PASSWORD).await));
}

#[tokio::test]
async fn b04_a_success_refunds_its_own_attempt_and_nothing_more() {
    let app = app_with_rates(0, 10).await;
    app.add("eve@evil.test", Rank::Plain).await;
    let eve = browser(&app).await;
    let mut guesses = 0;
    'rounds: for _ in 0..10 {
        for _ in 0..3 {
            if is_limited(&eve.login(ADA, WRONG).await) {
                break 'rounds;
            }
            guesses += 1;
        }
        if is_limited(&eve.login("eve@evil.test", PASSWORD).await) {
            break;
        }
    }
    // Nine in three rounds and one more: her own sign-ins neither cost nor earned her any.
    assert_eq!(guesses, 10);
}

#[tokio::test]
async fn b04_a_success_does_not_clear_earlier_guesses_at_the_account() {
    let app = app_with_rates(5, 0).await;
    let browser = browser(&app).await;
    for _ in 0..4 {
        assert!(!is_limited(&browser.login(ADA, WRONG).await));
    }
    for _ in 0..3 {
        assert_eq!(browser.login(ADA, PASSWORD).await.status, 200, "the owner uses up nothing");
    }
    assert!(!is_limited(&browser.login(ADA, WRONG).await));
    assert!(is_limited(&browser.login(ADA, WRONG).await));
}

#[tokio::test]
async fn b08_spellings_of_one_address_are_one_account_to_the_limit() {
    let app = app_with_rates(6, 0).await;
    let browser = browser(&app).await;
    let spellings = [
        "ada@example.test",
        "ADA@example.test",
        "ada@EXAMPLE.TEST",
        " ada@example.test ",
        "\u{ff41}da@example.test",
        "ada@e\u{ff58}ample.test",
        "Ada@Example.Test",
    ];
    assert_eq!(let_through(async |number| browser.login(spellings[number], WRONG).await).await, 6);
    // Spellings that would be a new key for the same mailbox are refused as addresses.
    for spelling in ["ada@example.test.", "a\u{200b}da@example.test", "ada@example.test\u{feff}"] {
        assert_eq!(browser.login(spelling, PASSWORD).await.status, 422, "{spelling:?}");
    }
}

#[tokio::test]
async fn e07_an_address_without_account_is_limited_in_the_same_way() {
    let app = app_with_rates(3, 0).await;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.test"] {
        let browser = browser(&app).await;
        let mut replies = Vec::new();
        for _ in 0..5 {
            let reply = browser.login(email, WRONG).await;
            let names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
            replies.push((reply.status, reply.code(), names));
        }
        seen.push(replies);
    }
    assert_eq!(seen[0], seen[1]);
}

/// Uses up the ceiling with wrong passwords from many networks.
async fn use_up_ceiling(app: &App) {
    for number in 100..=250 {
        let attacker = browser_at(app, [127, number, 0, 1]).await;
        if is_limited(&attacker.login(ADA, WRONG).await) {
            assert_eq!(number, 120, "ten times the limit of two");
            return;
        }
    }
    panic!("there is no ceiling");
}

#[tokio::test]
async fn a_count_of_zero_switches_a_limit_off() {
    let app = app_with_rates(0, 0).await;
    let browser = browser(&app).await;
    assert_eq!(
        let_through(async |_| browser.login(ADA, WRONG).await).await,
        30,
        "no limit, and no ceiling of ten times none"
    );
    assert_eq!(app.database.rows("limits").await, 0);
}

#[tokio::test]
async fn the_default_limits_are_10_and_50_attempts_in_15_minutes() {
    let app = app_with(|_| {}).await;
    app.add(ADA, Rank::Plain).await;
    let browser = browser(&app).await;
    assert_eq!(let_through(async |_| browser.login(ADA, WRONG).await).await, 10);
    let limits = &app.cloakroom.config().limits;
    assert_eq!(
        (limits.login_per_account.to_string(), limits.login_per_ip.to_string()),
        ("10/15m".into(), "50/15m".into())
    );
}

/// Administration is not an attempt: setting a password repeatedly meets no limit.
#[tokio::test]
async fn administration_is_not_limited() {
    let app = app_with_rates(1, 1).await;
    for _ in 0..3 {
        app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap();
    }
    assert_eq!(browser(&app).await.login(ADA, PASSWORD).await.status, 200);
}
