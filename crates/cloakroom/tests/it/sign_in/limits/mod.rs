//! How often somebody may try (`limits/`, contract section 5; catalogue B01 to B14).
//!
//! "Let through" is any answer to the credentials themselves: `invalid_credentials`, or a sign-in.

mod browsers;
mod mails;
mod networks;
mod queue;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cloakroom::administration::{self, Rank};
use cloakroom::testing::{Browser, PASSWORD, Reply, TestApp};
use cloakroom::{Config, Rate};
use http::Method;
use serde_json::json;

use crate::support::database::{App, app_with};
use crate::support::race::at_once;

const ADA: &str = "ada@example.test";
const WRONG: &str = "wrong-horse-battery";
const WINDOW: Duration = Duration::from_mins(15);

/// Limits as a test wants them, in windows of 15 minutes; 0 switches one off.
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

/// A login as the proxy at 127.0.0.2 forwards it.
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

/// How many tries are let through before the first that is not, of at most 30.
async fn let_through(tries: impl AsyncFn(usize) -> Reply) -> usize {
    for number in 0..30 {
        if is_limited(&tries(number).await) {
            return number;
        }
    }
    30
}

#[tokio::test]
async fn b01_after_the_limit_nobody_is_let_through_not_even_with_the_right_password() {
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
async fn b02_one_try_at_each_of_many_accounts_meets_the_limit_of_the_address() {
    let app = app_with_rates(10, 8).await;
    let browser = browser(&app).await;
    let spray = async |number| browser.login(&format!("user{number}@example.test"), WRONG).await;
    assert_eq!(let_through(spray).await, 8);
    assert!(is_limited(&browser.login(ADA, PASSWORD).await), "nor the right password of any account");
    let neighbour = browser_at(&app, [127, 0, 0, 51]).await;
    assert_eq!(neighbour.login(ADA, PASSWORD).await.status, 200, "another address is another count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b03_sixty_tries_at_once_are_sixty_tries() {
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
async fn b04_a_success_gives_its_own_try_back_and_nothing_more() {
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
    // Nine in three rounds, and one more: her own sign-ins have cost her nothing and given her nothing.
    assert_eq!(guesses, 10);
}

#[tokio::test]
async fn b04_a_success_does_not_clear_what_was_guessed_at_the_same_account() {
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
async fn b05_a_stranger_cannot_choose_the_address_that_is_counted() {
    let app = app_with_rates(0, 4).await;
    let browser = browser(&app).await;
    for header in
        ["x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "cf-connecting-ip", "x-client-ip"]
    {
        app.advance(WINDOW);
        let spoofed = async |number: usize| {
            let address = format!("203.0.113.{number}");
            let value = if header == "forwarded" { format!("for={address}") } else { address };
            let body = json!({"email": format!("user{number}@example.test"), "password": WRONG});
            browser.call(&Method::POST, "/api/login/").json(&body).header(header, value).send().await
        };
        assert_eq!(let_through(spoofed).await, 4, "{header}");
    }
}

#[tokio::test]
async fn b06_of_what_a_proxy_forwards_only_the_hop_before_it_counts() {
    let app = app_with_rates(0, 4).await;
    let user = |number: usize| format!("user{number}@example.test");
    // What stands further left, the client wrote itself; in one header, in two, behind a port, behind another proxy of ours.
    for (what, client) in
        [("one header", 7), ("two headers", 8), ("a port", 9), ("two proxies", 10), ("garbage left", 11)]
    {
        let client = format!("198.51.100.{client}");
        let tries = async |number: usize| {
            let invented = format!("9.9.9.{number}");
            let values = match what {
                "one header" => vec![format!("{invented}, {client}")],
                "two headers" => vec![invented, client.clone()],
                "a port" => vec![format!("{invented}, {client}:{}", 1000 + number)],
                "two proxies" => vec![format!("{invented},{client} , 127.0.0.2")],
                _ => vec![format!("garbage{number}, ,{client}")],
            };
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            login_through_proxy(&app, &values, &user(number)).await
        };
        assert_eq!(let_through(tries).await, 4, "{what}");
    }
    let other = login_through_proxy(&app, &["198.51.100.99"], ADA).await;
    assert!(!is_limited(&other), "clients of one proxy are told apart");
}

#[tokio::test]
async fn b06_what_cannot_be_read_shares_one_count() {
    let app = app_with_rates(0, 6).await;
    let unreadable = [
        "a",
        "",
        "1.2.3",
        "1.2.3.4.5",
        "198.51.100.7,",
        "unknown",
        "fe80::x%eth0",
        "127.0.0.2",
        "198.51.100.7 evil",
        "[::1",
    ];
    let tries = async |number: usize| {
        login_through_proxy(&app, &[unreadable[number]], &format!("user{number}@example.test")).await
    };
    assert_eq!(let_through(tries).await, 6);
    assert!(
        is_limited(&login_through_proxy(&app, &[], ADA).await),
        "nor does a header that is missing open a new one"
    );
    assert!(!is_limited(&login_through_proxy(&app, &["198.51.100.7"], ADA).await));
}

#[tokio::test]
async fn b07_an_ipv6_network_counts_as_one_address() {
    let app = app_with_rates(0, 6).await;
    let within = [
        "2001:db8:1:2::1",
        "2001:DB8:1:2::60",
        "2001:0db8:0001:0002:ffff:ffff:ffff:ffff",
        "[2001:db8:1:2::3]:443",
        "2001:db8:1:2:0:0:192.0.2.1",
        "[2001:db8:1:2::4]",
        "2001:db8:1:2::5%eth0",
        "\"[2001:db8:1:2::6%25eth0]:443\"",
    ];
    let tries = async |number: usize| {
        login_through_proxy(&app, &[within[number]], &format!("user{number}@example.test")).await
    };
    assert_eq!(let_through(tries).await, 6);
    assert!(!is_limited(&login_through_proxy(&app, &["2001:db8:1:3::1"], ADA).await), "the /64 beside it");
}

#[tokio::test]
async fn b07_an_ipv4_address_written_as_ipv6_is_the_same_address() {
    let app = app_with_rates(0, 4).await;
    let aliases = [
        "198.51.100.7",
        "::ffff:198.51.100.7",
        "::FFFF:c633:6407",
        "[::ffff:198.51.100.7]:80",
        "198.51.100.7:80",
    ];
    let tries = async |number: usize| {
        login_through_proxy(&app, &[aliases[number]], &format!("user{number}@example.test")).await
    };
    assert_eq!(let_through(tries).await, 4);
    assert!(!is_limited(&login_through_proxy(&app, &["::ffff:198.51.100.8"], ADA).await));
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
    // Spellings that would be another key for the same mailbox are no addresses at all.
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

/// Fails from as many networks as it takes until nobody new is let through.
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
async fn b09_over_all_networks_an_account_has_a_ceiling_that_its_owners_browser_does_not_meet() {
    let app = app_with_rates(2, 0).await;
    let owner = app.signed_in(ADA).await;
    assert_eq!(owner.post("/api/logout/", &json!({})).await.status, 200);
    use_up_ceiling(&app).await;
    let stranger = browser_at(&app, [127, 0, 0, 60]).await;
    assert!(is_limited(&stranger.login(ADA, PASSWORD).await), "a browser that was never here");
    let owner = owner.at([127, 0, 0, 61]);
    assert_eq!(owner.login(ADA, PASSWORD).await.status, 200, "the owner's browser, wherever it is");
    let other = browser_at(&app, [127, 0, 0, 62]).await;
    app.add("eve@evil.test", Rank::Plain).await;
    assert_eq!(other.login("eve@evil.test", PASSWORD).await.status, 200);
    assert!(is_limited(&other.login(ADA, PASSWORD).await), "known to one account is not known to another");
    // It passes the ceiling, not the limit of its own network.
    assert_eq!(let_through(async |_| owner.login(ADA, WRONG).await).await, 2);
    app.advance(WINDOW);
    assert_eq!(stranger.login(ADA, PASSWORD).await.status, 200, "no lockout is for ever");
}

#[tokio::test]
async fn b09_one_network_alone_cannot_use_up_the_ceiling_of_an_account() {
    let app = app_with_rates(2, 0).await;
    let attacker = browser(&app).await;
    for _ in 0..30 {
        attacker.login(ADA, WRONG).await;
    }
    let owner = browser_at(&app, [127, 0, 0, 60]).await;
    assert_eq!(owner.login(ADA, PASSWORD).await.status, 200, "28 of those tries were refused unseen");
}

#[tokio::test]
async fn b09_an_address_that_is_limited_cannot_use_up_the_ceiling_of_an_account() {
    let app = app_with_rates(2, 3).await;
    let attacker = browser(&app).await;
    for number in 0..3 {
        attacker.login(&format!("user{number}@example.test"), WRONG).await;
    }
    for _ in 0..30 {
        assert!(is_limited(&attacker.login(ADA, WRONG).await));
    }
    assert_eq!(browser_at(&app, [127, 0, 0, 60]).await.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn b13_the_table_of_limits_is_swept_and_names_nobody() {
    let app = app_with_rates(5, 50).await;
    let browser = browser(&app).await;
    for number in 0..10 {
        browser.login(&format!("user{number}@example.test"), WRONG).await;
    }
    assert_eq!(
        app.database.rows("limits").await,
        42,
        "an account's at two widths, its browser's, a ceiling's each; one address, one /24"
    );
    let keys = app.database.texts("SELECT key FROM limits").await.join(" ");
    assert!(!keys.contains("user1") && !keys.contains("127.0.0"), "{keys}");
    assert_eq!(app.sweep().await, 0);
    app.advance(WINDOW);
    assert_eq!(app.sweep().await, 42);
    assert_eq!(app.database.rows("limits").await, 0);
}

/// One address that is refused anyway cannot fill the table with keys that it thinks of, and hears how long it really takes.
#[tokio::test]
async fn b13_a_refused_try_leaves_no_row() {
    let app = app_with_rates(1, 3).await;
    let attacker = browser(&app).await;
    for email in [ADA, "grace@example.test"] {
        attacker.login(email, WRONG).await;
    }
    app.advance(WINDOW / 3);
    attacker.login("eve@evil.test", WRONG).await;
    let rows = app.database.rows("limits").await;
    for number in 0..30 {
        assert!(is_limited(&attacker.login(&format!("user{number}@example.test"), WRONG).await));
    }
    assert_eq!(app.database.rows("limits").await, rows);
    // The account's window ends after the address's, and only then is another try looked at.
    for (email, minutes) in [("eve@evil.test", 15), (ADA, 10), ("user1@example.test", 10)] {
        let refused = attacker.login(email, WRONG).await;
        let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((minutes * 60 - 10..=minutes * 60).contains(&seconds), "{email}: {seconds}");
    }
}

#[tokio::test]
async fn b14_all_nodes_share_one_count_and_a_restart_clears_nothing() {
    let app = app_with_rates(5, 0).await;
    let node = app.another_node().await;
    let (here, there) = (browser(&app).await, browser(&node).await);
    let alternating =
        async |number: usize| if number.is_multiple_of(2) { &here } else { &there }.login(ADA, WRONG).await;
    assert_eq!(let_through(alternating).await, 5);
    let restarted = app.another_node().await;
    assert!(is_limited(&browser(&restarted).await.login(ADA, PASSWORD).await));
}

#[tokio::test]
async fn retry_after_and_retry_at_agree_and_are_kept() {
    let app = app_with_rates(2, 0).await;
    let browser = browser(&app).await;
    for _ in 0..2 {
        browser.login(ADA, WRONG).await;
    }
    app.advance(Duration::from_mins(5));
    let reply = browser.login(ADA, PASSWORD).await;
    assert!(is_limited(&reply));
    let seconds: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((590..=600).contains(&seconds), "ten minutes are left: {seconds}");
    let retry_at = parse_rfc3339(reply.json()["retry_at"].as_str().unwrap());
    let now = app.database.texts("SELECT CAST(MAX(resets_at) AS TEXT) FROM limits").await;
    assert_eq!(retry_at, now[0].parse::<i128>().unwrap(), "the instant at which the window ends");
    assert_eq!(reply.json()["detail"], "Try again in 10 minutes.");
    // Tries in between do not move the end.
    app.advance(Duration::from_secs(seconds - 15));
    assert!(is_limited(&browser.login(ADA, PASSWORD).await));
    app.advance(Duration::from_secs(15));
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
}

/// In milliseconds since 1970.
fn parse_rfc3339(text: &str) -> i128 {
    let instant = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    instant.unix_timestamp_nanos() / 1_000_000
}

#[tokio::test]
async fn a_window_ends_by_the_clock_and_the_next_one_is_as_long() {
    let app = app_with_rates(3, 0).await;
    let browser = browser(&app).await;
    for _ in 0..3 {
        assert_eq!(let_through(async |_| browser.login(ADA, WRONG).await).await, 3);
        app.advance(Duration::from_mins(14));
        assert!(is_limited(&browser.login(ADA, WRONG).await));
        app.advance(Duration::from_mins(1));
    }
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
async fn the_defaults_are_those_of_the_contract() {
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

/// An administrator's word is not a try: setting a password over and over is nobody's limit.
#[tokio::test]
async fn administration_is_not_limited() {
    let app = app_with_rates(1, 1).await;
    for _ in 0..3 {
        administration::set_password(&app.cloakroom, ADA, PASSWORD).await.unwrap();
    }
    assert_eq!(browser(&app).await.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_window_without_end_is_told_without_overflow() {
    let app = app_with(|config| {
        config.limits.login_per_account = Rate { count: 1, window: Duration::MAX };
        config.limits.login_per_ip = Rate { count: u32::MAX, window: Duration::MAX };
        config.session.absolute = Duration::MAX.into();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    let browser = browser(&app).await;
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(browser.login(ADA, WRONG).await.status, 400);
    let reply = browser.login(ADA, PASSWORD).await;
    assert!(is_limited(&reply));
    assert_eq!(reply.json()["retry_at"], "9999-12-31T23:59:59Z");
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(browser.state().await, "authenticated", "nor does a session without end overflow");
}
