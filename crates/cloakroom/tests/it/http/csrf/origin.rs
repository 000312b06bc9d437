//! The origin of a request (C04 to C06), and the means of other sites (C11, C12, C15).

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD};
use http::Method;
use serde_json::{Value, json};

use super::{EVE, ada_signed_in, assert_a_proper_request_passes, assert_refused, logout, sets_session};
use crate::support::app::{app, https_app};

const ORIGINS_FOREIGN_TO_HTTPS: [&str; 18] = [
    "https://evil",
    "null",
    "",
    "https://auth.test.evil.tld",
    "https://evilauth.test",
    "https://x.auth.test",
    "http://auth.test",
    "https://auth.test:8443",
    "https://auth.test:443",
    "https://auth.test@evil",
    "https://evil@auth.test",
    "https://auth.test.",
    "https://auth.test/",
    "https://AUTH.TEST",
    "HTTPS://auth.test",
    "https://auth.test https://auth.test",
    "auth.test",
    "https://auth.tes",
];

const ORIGINS_FOREIGN_TO_LOOPBACK: [&str; 10] = [
    "https://evil",
    "null",
    "http://localhost",
    "http://localhost:30000",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://127.0.0.1:3000",
    "http://localhost:3000.evil.tld",
    "http://localhost:3000@evil",
    "http://x.localhost:3000",
];

async fn assert_foreign_origins_are_refused(ada: &Browser, foreign: &[&str]) {
    for origin in foreign {
        let reply = logout(ada).instead("origin", origin).send().await;
        assert_refused(reply, ada, &format!("Origin: {origin}")).await;
        // A foreign origin is not excused by another header of the same request.
        let with_referer = logout(ada).instead("origin", origin).header("referer", "https://auth.test/");
        assert_refused(with_referer.send().await, ada, &format!("Origin: {origin}, our Referer")).await;
    }
}

#[tokio::test]
async fn c04_a_foreign_origin_is_refused_although_the_token_is_valid() {
    let (_app, ada) = ada_signed_in(https_app().await).await;
    assert_foreign_origins_are_refused(&ada, &ORIGINS_FOREIGN_TO_HTTPS).await;
    for second in ["https://evil", "https://auth.test"] {
        let two = logout(&ada).header("origin", second);
        assert_refused(two.send().await, &ada, &format!("ours, then {second}")).await;
    }
    let evil_first = logout(&ada).instead("origin", "https://evil").header("origin", "https://auth.test");
    assert_refused(evil_first.send().await, &ada, "evil, then ours").await;
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c04_on_loopback_the_port_and_the_spelling_of_the_host_count() {
    let (_app, ada) = ada_signed_in(app().await).await;
    assert_foreign_origins_are_refused(&ada, &ORIGINS_FOREIGN_TO_LOOPBACK).await;
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c04_without_an_origin_the_referer_must_be_ours() {
    let (_app, ada) = ada_signed_in(https_app().await).await;
    for referer in [
        "https://evil/",
        "",
        "null",
        "about:blank",
        "auth.test",
        "/login",
        "http://auth.test/login",
        "https://auth.test.evil.tld/https://auth.test/",
        "https://auth.test:8443/login",
        "https://auth.test@evil/",
        "https://evil/?https://auth.test/",
        "https://auth.test./login",
    ] {
        let reply = logout(&ada).without("origin").header("referer", referer).send().await;
        assert_refused(reply, &ada, &format!("Referer: {referer}")).await;
    }
    let ours = "https://auth.test/login?next=/";
    let two = logout(&ada).without("origin").header("referer", ours).header("referer", ours);
    assert_refused(two.send().await, &ada, "two referers").await;
    let reply = logout(&ada).without("origin").header("referer", ours).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn c05_what_the_browser_calls_cross_site_or_same_site_is_refused() {
    let (_app, ada) = ada_signed_in(https_app().await).await;
    for site in ["cross-site", "same-site"] {
        let with_origin = logout(&ada).instead("sec-fetch-site", site);
        assert_refused(with_origin.send().await, &ada, site).await;
        let alone = logout(&ada).without("origin").instead("sec-fetch-site", site);
        assert_refused(alone.send().await, &ada, site).await;
        let second = logout(&ada).header("sec-fetch-site", site);
        assert_refused(second.send().await, &ada, &format!("same-origin, then {site}")).await;
    }
    // `none` means that a person or a script started the request. The token decides.
    let without_token = logout(&ada).instead("sec-fetch-site", "none").without("x-csrftoken");
    assert_refused(without_token.send().await, &ada, "none, no token").await;
    let reply = logout(&ada).instead("sec-fetch-site", "none").send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// Django refuses https requests that have neither `Origin` nor `Referer`. We check these headers only if
/// they are present: programs do not send them, and privacy extensions strip them. The token remains, which
/// no other site can read.
#[tokio::test]
async fn c06_without_origin_referer_and_fetch_metadata_the_token_decides() {
    let (_app, ada) = ada_signed_in(https_app().await).await;
    let stripped = || logout(&ada).without("origin").without("referer").without("sec-fetch-site");
    assert_refused(stripped().without("x-csrftoken").send().await, &ada, "no token").await;
    assert_refused(stripped().instead("x-csrftoken", "a".repeat(43)).send().await, &ada, "a bad token").await;
    let reply = stripped().send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn c11_nobody_is_signed_in_as_the_attacker_by_another_site() {
    let app = app().await;
    app.add(EVE, Rank::Plain).await;
    let victim = app.browser();
    victim.open_login_page().await;
    let body = json!({"email": EVE, "password": PASSWORD});
    let form = format!("email={EVE}&password={PASSWORD}");
    let login = || victim.call(&Method::POST, "/api/login/");
    let requests = [
        login().json(&body).without("cookie").without("x-csrftoken").instead("origin", "https://evil"),
        login().json(&body).without("x-csrftoken").instead("origin", "https://evil"),
        login().json(&body).instead("origin", "https://evil"),
        login().json(&body).without("cookie").without("x-csrftoken").without("origin"),
        login()
            .body(form.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .without("cookie")
            .without("x-csrftoken")
            .without("origin")
            .without("sec-fetch-site"),
        login().body(form).header("content-type", "application/x-www-form-urlencoded").without("x-csrftoken"),
    ];
    for (number, request) in requests.into_iter().enumerate() {
        let reply = request.send().await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "request {number}");
        assert!(!sets_session(&reply), "request {number}: {:?}", reply.headers);
        assert_eq!(victim.state().await, "anonymous", "request {number}");
    }
    assert_eq!(victim.login(EVE, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn c12_nobody_is_signed_out_by_another_site() {
    let (_app, ada) = ada_signed_in(app().await).await;
    for path in ["/api/logout/", "/api/logout", "/api/logout/all/", "/api/logout/all"] {
        let post =
            ada.call(&Method::POST, path).without("x-csrftoken").without("origin").without("sec-fetch-site");
        assert_refused(post.send().await, &ada, path).await;
        for method in [Method::GET, Method::HEAD] {
            let image = ada
                .call(&method, path)
                .header("sec-fetch-site", "cross-site")
                .header("sec-fetch-dest", "image");
            let reply = image.send().await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert!(!reply.headers.contains_key("set-cookie"), "{method} {path}");
            assert_eq!(ada.state().await, "authenticated", "{method} {path}");
        }
    }
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c15_no_other_origin_may_read_a_reply() {
    let (_app, ada) = ada_signed_in(https_app().await).await;
    let document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    for origin in ["https://evil", "null", "https://auth.test.evil", "https://auth.test"] {
        for path in document["paths"].as_object().unwrap().keys() {
            let preflight = ada
                .call(&Method::OPTIONS, path)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type, x-csrftoken");
            let simple = ada.call(&Method::GET, path).header("origin", origin);
            let refused = ada.call(&Method::POST, path).json(&json!({})).instead("origin", origin);
            for request in [preflight, simple, refused.without("x-csrftoken")] {
                let reply = request.send().await;
                let names = reply.headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(names.count(), 0, "{path} from {origin}: {:?}", reply.headers);
            }
        }
    }
}
