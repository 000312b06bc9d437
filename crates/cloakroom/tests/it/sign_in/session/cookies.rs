//! The attributes and values of cookies, and the effect of wrong ones (S11, S12, S17).

use std::collections::BTreeSet;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use http::Method;
use serde_json::json;

use super::{app_with_ada, cookie_of};
use crate::support::app::https_app;
use crate::support::calls::PROFILE;
use crate::support::people::ADA;

fn attributes(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|attribute| (*attribute).to_owned()).collect()
}

#[tokio::test]
async fn s11_cookies_over_https_have_their_attributes() {
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
    assert_eq!(cookie_of(&login, "csrftoken").1, with(&["max-age=1209600"]), "it ends with its ticket");
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

/// curl 7.88 keeps a cookie if its deletion is followed by another cookie, and would send the dead ticket for
/// ever.
#[tokio::test]
async fn a_ticket_that_ends_is_the_last_cookie_of_its_reply() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let late = ada.copy();
    for reply in [ada.post("/api/logout/", &json!({})).await, late.post("/api/logout/", &json!({})).await] {
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
        assert!(cookies.len() > 1 && cookies[0].to_str().unwrap().starts_with("csrftoken="), "{cookies:?}");
        assert!(cookies[cookies.len() - 1].to_str().unwrap().starts_with("sessionid=;"), "{cookies:?}");
    }
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

/// A thousand sessions would cost a thousand hashes. The browser cookie uses the same generator without one.
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
    // 500 are expected with a standard deviation of 16. Six deviations practically never happen for a random
    // bit.
    assert!(ones.iter().all(|count| (400..=600).contains(count)), "a bit is not random: {ones:?}");
}

#[tokio::test]
async fn s17_a_malformed_cookie_signs_nobody_in_and_breaks_nothing() {
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
        assert_eq!(call(&Method::POST, "/api/logout/all/").await.code(), "csrf_failed", "{shown}");
    }
    let among_many = format!("{many}sessionid={ticket}");
    let reply = app.browser().call(&Method::GET, PROFILE).header("cookie", among_many).send().await;
    assert_eq!(reply.status, 200, "what is well formed is still found among 200 others");
}
