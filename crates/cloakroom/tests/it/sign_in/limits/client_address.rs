//! The client address that a request is counted under (B05 to B07).

use http::Method;
use serde_json::json;

use super::{WINDOW, app_with_rates, browser, is_limited, let_through, login_through_proxy};
use crate::support::people::{ADA, WRONG};

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
    // The client wrote everything further left itself: in one header, in two, with a port, or behind another
    // trusted proxy.
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
async fn b06_unreadable_addresses_share_one_count() {
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
