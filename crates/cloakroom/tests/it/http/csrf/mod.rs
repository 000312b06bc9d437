//! Cross-site request forgery (`http/csrf.rs`; security cases C01 to C18).
//!
//! A refusal proves something only if the same request passes when nothing is wrong with it. Each test shows
//! that at its end.

mod cookies;
mod form;
mod fresh;
mod origin;
mod token;
mod upgrade;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Call, PASSWORD, Reply};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app};
use crate::support::operations::unsafe_operations;
use crate::support::people::ADA;

const EVE: &str = "eve@evil.test";

/// Signs Ada in.
async fn ada_signed_in(app: App) -> (App, Browser) {
    app.add(ADA, Rank::Plain).await;
    let browser = app.signed_in(ADA).await;
    (app, browser)
}

fn logout(browser: &Browser) -> Call<'_> {
    browser.call(&Method::POST, "/api/logout/").json(&json!({}))
}

/// Checks that a request was refused as forged: the right code, no session cookie, and nothing changed.
async fn assert_refused(reply: Reply, browser: &Browser, what: &str) {
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{what}: {}", reply.text);
    assert!(!sets_session(&reply), "{what}: {:?}", reply.headers);
    assert_eq!(browser.state().await, "authenticated", "{what}");
}

async fn assert_a_proper_request_passes(browser: &Browser) {
    let reply = logout(browser).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(browser.state().await, "anonymous");
}

/// Returns whether a reply touches the session cookie.
fn sets_session(reply: &Reply) -> bool {
    reply.set_cookie("sessionid").is_some() || reply.set_cookie("__Host-sessionid").is_some()
}

fn session_name(browser: &Browser) -> &'static str {
    if browser.cookie("sessionid").is_some() { "sessionid" } else { "__Host-sessionid" }
}

/// Returns a `Cookie` header with this browser's session alone.
fn session_only(browser: &Browser) -> String {
    let name = session_name(browser);
    format!("{name}={}", browser.cookie(name).unwrap())
}

#[tokio::test]
async fn c13_a_safe_method_changes_nothing_whatever_else_it_claims() {
    let (_app, ada) = ada_signed_in(app().await).await;
    // `social/callback.rs` tests the GET that begins a social login by a plain link.
    let has_a_get = |path: &String| path.ends_with("/start/");
    for (_, path) in unsafe_operations().into_iter().filter(|(_, path)| !has_a_get(path)) {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            for path in
                [path.clone(), format!("{path}?_method=POST"), format!("{path}?method=POST&_method=DELETE")]
            {
                let reply = ada
                    .call(&method, &path)
                    .json(&json!({}))
                    .header("x-http-method-override", "POST")
                    .header("x-http-method", "POST")
                    .header("x-method-override", "POST")
                    .send()
                    .await;
                assert_eq!(reply.status, 405, "{method} {path}");
                assert!(!reply.headers.contains_key("set-cookie"), "{method} {path}");
                assert_eq!(ada.state().await, "authenticated", "{method} {path}");
            }
        }
    }
    // In the other direction, claiming to be a GET does not exempt a POST from the token.
    let reply = logout(&ada).without("x-csrftoken").header("x-http-method-override", "GET").send().await;
    assert_refused(reply, &ada, "POST, called a GET").await;
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c14_nothing_that_a_form_can_send_is_json() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.browser();
    ada.open_login_page().await;
    let body = json!({"email": ADA, "password": PASSWORD}).to_string();
    let login = || ada.call(&Method::POST, "/api/login/").body(body.clone());
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "text/plain;charset=application/json",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/jsonp",
        "application/json, text/plain",
        "text/plain, application/json",
        "application/x-json",
        "json",
        "",
    ] {
        let reply = login().header("content-type", kind).send().await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (415, "unsupported_media_type"), "{kind:?}");
        assert_eq!(ada.state().await, "anonymous", "{kind:?}");
    }
    assert_eq!(login().send().await.status, 415, "no type at all");
    let two = login().header("content-type", "application/json").header("content-type", "application/json");
    assert_eq!(two.send().await.status, 415, "two types");
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json; charset=utf8",
        "application/json;charset=UTF8",
        "application/json;charset=\"UTF-8\"",
    ] {
        assert_eq!(login().header("content-type", kind).send().await.status, 200, "{kind}");
    }
    // A call without parameters accepts no other body either.
    let reply =
        ada.call(&Method::POST, "/api/logout/").body("{}").header("content-type", "text/plain").send().await;
    assert_eq!((reply.status.as_u16(), &*ada.state().await), (415, "authenticated"));
}

#[tokio::test]
async fn c16_no_path_is_exempt_however_it_is_written() {
    let (_app, ada) = ada_signed_in(app().await).await;
    for path in [
        "/api/logout/",
        "/api/logout",
        "//api/logout/",
        "/api//logout/",
        "/api/./logout/",
        "/api/x/..%2flogout/",
        "/api/x/../logout/",
        "/api/login/../logout/",
        "/api/login-set-cookie/../logout/",
        "/api/login-set-cookie/",
        "/api/login-set-cookie/logout/",
        "/API/logout/",
        "/api/log%6Fut/",
        "/api/logout/;x=/api/login-set-cookie/",
        "/api/logout/%00",
        "/api/logout/?/api/session/",
        "/api/openapi.json",
        "/",
        "/nothing",
        "http://localhost:3000/api/logout/",
        "http://evil/api/logout/",
    ] {
        let without_token = ada.call(&Method::POST, path).json(&json!({})).without("x-csrftoken");
        assert_refused(without_token.send().await, &ada, path).await;
        let from_evil = ada.call(&Method::POST, path).json(&json!({})).instead("origin", "https://evil");
        assert_refused(from_evil.send().await, &ada, path).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c18_a_request_with_a_token_of_the_api_is_judged_by_that_token_alone() {
    let (_app, ada) = ada_signed_in(app().await).await;
    for authorization in
        ["Token ck_unknown", "token ck_unknown", "TOKEN  ck_unknown", "Token\tck_unknown", "Token ", "Token"]
    {
        let read = ada.call(&Method::GET, "/api/users/profile/").header("authorization", authorization);
        let reply = read.send().await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{authorization:?}");
        let reply = logout(&ada).header("authorization", authorization).send().await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{authorization:?}");
        assert!(!reply.headers.contains_key("set-cookie"), "{authorization:?}");
        assert_eq!(ada.state().await, "authenticated", "{authorization:?}");
    }
    let second = ada.call(&Method::GET, "/api/users/profile/");
    let second = second.header("authorization", "Basic YTpi").header("authorization", "Token ck_unknown");
    assert_eq!(second.send().await.status, 401);
    // Other schemes belong to somebody else, such as a proxy, and exempt nobody from the CSRF token.
    for authorization in ["Basic YTpi", "Bearer x", "Tokens x"] {
        let read = ada.call(&Method::GET, "/api/users/profile/").header("authorization", authorization);
        assert_eq!(read.send().await.status, 200, "{authorization}");
        let write = logout(&ada).header("authorization", authorization).without("x-csrftoken");
        assert_refused(write.send().await, &ada, authorization).await;
    }
    assert_a_proper_request_passes(&ada).await;
}
