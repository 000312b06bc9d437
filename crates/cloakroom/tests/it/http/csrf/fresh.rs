//! Cookies that a reply sets, and cookies that it must leave alone because a newer reply may have set them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use cloakroom::User;
use cloakroom::administration::Rank;
use cloakroom::config::Lifetime;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::json;
use tokio::sync::Notify;

use super::{EVE, ada_signed_in, logout};
use crate::support::app::{app, app_with, embedded, https_app};
use crate::support::people::ADA;

/// Every safe call that touches cookies.
const SAFE: [&str; 4] = ["/api/session/", "/api/login-set-cookie/", "/api/users/profile/", "/api/config/"];

/// Replaces the session's ticket, in one of several ways.
async fn replace_ticket(browser: &Browser, way: &str) {
    let reply = match way {
        "reauthentication" => browser.post("/api/reauthenticate/", &json!({"password": PASSWORD})).await,
        "password change" => {
            let body = json!({"current_password": PASSWORD, "new_password": PASSWORD.to_owned() + "-2"});
            browser.post("/api/password/change/", &body).await
        }
        _ => browser.login(ADA, PASSWORD).await,
    };
    assert_eq!(reply.status, 200, "{way}: {}", reply.text);
}

fn cookies(reply: &Reply) -> Vec<String> {
    let all = reply.headers.get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn finding_n5_an_earlier_safe_call_leaves_the_new_ticket_and_token_alone() {
    for way in ["reauthentication", "sign-in", "password change"] {
        let (_app, ada) = ada_signed_in(app().await).await;
        let early = ada.copy();
        replace_ticket(&ada, way).await;
        for path in SAFE {
            for method in [Method::GET, Method::HEAD] {
                // Sent with the old ticket, answered after the reply that replaced it.
                let late = early.call(&method, path).send().await;
                assert_eq!(cookies(&late), Vec::<String>::new(), "{way}, {method} {path}");
            }
        }
        assert_eq!(
            (ada.state().await, logout(&ada).send().await.status.as_u16()),
            ("authenticated".into(), 200)
        );
    }
}

#[tokio::test]
async fn finding_n5_a_dead_ticket_does_not_stand_in_the_way_of_a_sign_in() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let dead = ada.copy();
    assert_eq!(logout(&ada).send().await.status, 200);
    assert_eq!(dead.state().await, "anonymous");
    let early = dead.copy();
    assert_eq!(dead.login(ADA, PASSWORD).await.status, 200);
    for path in SAFE {
        assert_eq!(cookies(&early.get(path).await), Vec::<String>::new(), "{path}");
    }
    // A browser that has lost its CSRF token gets one for its ticket, even for a dead one.
    let token = dead.cookie("csrftoken").unwrap();
    early.plant("csrftoken", "stale");
    assert!(early.get("/api/session/").await.set_cookie("csrftoken").is_some());
    assert_ne!(early.cookie("csrftoken"), Some(token));
    assert_eq!(early.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn finding_n5_a_token_that_fits_is_set_once() {
    for app in [app().await, https_app().await] {
        app.add(ADA, Rank::Plain).await;
        let browser = app.browser();
        assert!(browser.open_login_page().await.set_cookie("csrftoken").is_some());
        for path in SAFE {
            assert_eq!(cookies(&browser.get(path).await), Vec::<String>::new(), "{path}");
        }
        browser.plant("csrftoken", "planted");
        assert!(browser.get("/api/session/").await.set_cookie("csrftoken").is_some());
        assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    }
}

/// A slow reply renews the ticket of its request only while that ticket is the current one.
#[tokio::test]
async fn finding_n5_a_ticket_that_was_replaced_meanwhile_is_not_renewed() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        get(async move |user: User| {
            begun.notify_one();
            go_on.notified().await;
            user.email
        })
    };
    let app = embedded(|_| {}, Router::new().route("/slow", slow)).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    app.advance(Duration::from_mins(6));
    let early = ada.copy();
    let late = tokio::spawn(async move { early.get("/slow").await });
    begun.notified().await;
    replace_ticket(&ada, "reauthentication").await;
    go_on.notify_one();
    let late = late.await.unwrap();
    assert_eq!((late.status.as_u16(), cookies(&late)), (200, Vec::new()));
    // A ticket that nothing replaced is renewed. On Postgres this process may still receive the revocation
    // from above, which evicts the session once more. The renewal then comes a few minutes later.
    let mut is_renewed = false;
    for _ in 0..10 {
        app.advance(Duration::from_mins(6));
        go_on.notify_one();
        is_renewed |= ada.get("/slow").await.set_cookie("sessionid").is_some();
    }
    assert!(is_renewed);
}

#[tokio::test]
async fn finding_v3_a_refused_request_brings_the_token_for_the_next_try() {
    for app in [app().await, https_app().await] {
        app.add(ADA, Rank::Plain).await;
        // A client without cookies, then one with the CSRF token of somebody else.
        let client = app.browser();
        let refused = client.login(ADA, PASSWORD).await;
        assert_eq!((refused.status.as_u16(), &*refused.code()), (403, "csrf_failed"));
        assert_eq!(client.login(ADA, PASSWORD).await.status, 200);
        client.plant("csrftoken", "of-somebody-else");
        let refused = client.post("/api/logout/all/", &json!({})).await;
        assert_eq!(refused.code(), "csrf_failed");
        assert_eq!(client.post("/api/logout/all/", &json!({})).await.status, 200);
    }
}

#[tokio::test]
async fn finding_v3_another_site_is_given_nothing_with_its_refusal() {
    let (app, ada) = ada_signed_in(https_app().await).await;
    for request in [
        logout(&ada).instead("origin", "https://evil"),
        logout(&ada).instead("sec-fetch-site", "cross-site"),
        app.browser().call(&Method::POST, "/api/login/").json(&json!({})).instead("origin", "https://evil"),
        app.browser().call(&Method::POST, "/api/logout/").instead("origin", "https://evil"),
        app.browser().call(&Method::POST, "/api/logout/").instead("sec-fetch-site", "same-site"),
    ] {
        let reply = request.send().await;
        assert_eq!((reply.code(), cookies(&reply)), ("csrf_failed".into(), Vec::new()));
    }
}

/// The browser drops the ticket and the CSRF token together, and keeps the browser cookie.
#[tokio::test]
async fn finding_v3_after_the_idle_end_a_sign_out_and_a_sign_in_work_without_a_get() {
    let app = app_with(|config| config.session.idle = Lifetime::from(Duration::from_secs(30))).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    let reply = ada.copy().login(ADA, PASSWORD).await;
    let token = reply.set_cookie("csrftoken").unwrap();
    assert!(token.contains("Max-Age=30;") || token.ends_with("Max-Age=30"), "{token}");
    for stale in [None, ada.cookie("csrftoken")] {
        let left = app.browser();
        left.plant("browser", &ada.cookie("browser").unwrap());
        if let Some(stale) = stale {
            left.plant("csrftoken", &stale);
        }
        let reply = left.post("/api/logout/", &json!({})).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["detail"]), (200, &json!("Logout Successful")));
        assert!(reply.set_cookie("sessionid").is_none(), "what was not shown is not expired");
        assert_eq!(left.login(ADA, PASSWORD).await.status, 200, "the sign-out brought a token");
    }
}

/// Only a sign-out, and only without a session cookie.
#[tokio::test]
async fn finding_v3_only_a_sign_out_of_nobody_goes_without_a_token() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let bare = |path| ada.call(&Method::POST, path).json(&json!({})).without("x-csrftoken");
    assert_eq!(bare("/api/logout/").send().await.code(), "csrf_failed");
    for cookies in ["sessionid=garbage", "sessionid=", "sessionid=a; sessionid=b"] {
        let reply = bare("/api/logout/").instead("cookie", cookies).send().await;
        assert_eq!(reply.code(), "csrf_failed", "{cookies}");
    }
    for path in ["/api/logout/all/", "/api/login/", "/api/logout/x", "/api/logout/all"] {
        assert_eq!(bare(path).without("cookie").send().await.code(), "csrf_failed", "{path}");
    }
    for path in ["/api/logout/", "/api/logout"] {
        assert_eq!(bare(path).without("cookie").send().await.status, 200, "{path}");
    }
}

/// On https, a sibling domain can plant `csrftoken`, which has no prefix, but not the other two cookies.
#[tokio::test]
async fn s02_a_planted_csrf_cookie_neither_signs_anybody_in_nor_locks_them_out() {
    let (app, ada) = ada_signed_in(https_app().await).await;
    app.add(EVE, Rank::Plain).await;
    let eve = app.signed_in(EVE).await;
    let theirs = eve.cookie("csrftoken").unwrap();
    let own = ada.cookie("csrftoken").unwrap();
    let session = ada.cookie("__Host-sessionid").unwrap();
    let jar = format!("csrftoken={theirs}; __Host-sessionid={session}; csrftoken={own}");
    let login = json!({"email": EVE, "password": PASSWORD});
    let forged = ada.call(&Method::POST, "/api/login/").json(&login).instead("cookie", &jar);
    assert_eq!(forged.instead("x-csrftoken", &theirs).send().await.code(), "csrf_failed");
    let form = format!("csrfmiddlewaretoken={theirs}");
    let forged = ada.call(&Method::POST, "/api/login/").without("x-csrftoken").instead("cookie", &jar);
    let forged = forged.header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(forged.send().await.code(), "csrf_failed");
    assert_eq!(logout(&ada).instead("cookie", &jar).send().await.status, 200, "her own still counts");
}

/// The other two cookies have the `__Host-` prefix. Without it they are different cookies.
#[tokio::test]
async fn s02_planted_tickets_of_a_sibling_domain_are_other_cookies() {
    let (app, ada) = ada_signed_in(https_app().await).await;
    app.add(EVE, Rank::Plain).await;
    let eve = app.signed_in(EVE).await;
    let planted = format!(
        "sessionid={0}; __Secure-sessionid={0}; browser={1}",
        eve.cookie("__Host-sessionid").unwrap(),
        eve.cookie("__Host-browser").unwrap()
    );
    let jar = format!("{planted}; __Host-sessionid={}", ada.cookie("__Host-sessionid").unwrap());
    let reply = ada.call(&Method::GET, "/api/session/").instead("cookie", jar).send().await;
    assert_eq!(reply.json()["user"]["email"], ADA);
    let reply = app.browser().call(&Method::GET, "/api/session/").header("cookie", planted).send().await;
    assert_eq!(reply.json()["state"], "anonymous");
}
