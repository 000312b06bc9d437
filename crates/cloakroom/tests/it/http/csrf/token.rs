//! CSRF tokens: only the one of this session counts, and only in the header (C01 to C03, C07, C08, C10).

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Call, PASSWORD};
use http::Method;
use serde_json::json;

use super::{EVE, ada_signed_in, assert_a_proper_request_passes, assert_refused, logout, session_only};
use crate::support::app::app;
use crate::support::operations::unsafe_operations;
use crate::support::people::ADA;

#[tokio::test]
async fn c01_no_unsafe_operation_of_the_document_works_without_a_token() {
    let (_app, ada) = ada_signed_in(app().await).await;
    for (method, path) in unsafe_operations() {
        let request = || ada.call(&method, &path).json(&json!({}));
        let token = ada.cookie("csrftoken").unwrap();
        let neither = request().instead("cookie", session_only(&ada)).without("x-csrftoken");
        assert_refused(neither.send().await, &ada, &format!("{method} {path}, neither")).await;
        let cookie_only = request().without("x-csrftoken");
        assert_refused(cookie_only.send().await, &ada, &format!("{method} {path}, cookie only")).await;
        let header_only = request().instead("cookie", session_only(&ada)).instead("x-csrftoken", token);
        assert_refused(header_only.send().await, &ada, &format!("{method} {path}, header only")).await;
        if path == "/api/logout/" {
            // Without a session cookie there is nothing that a forged sign-out could end.
            continue;
        }
        // A copy of the cookies, because the refusal sets some of its own.
        let nobody = ada.copy();
        let no_cookies =
            nobody.call(&method, &path).json(&json!({})).without("cookie").without("x-csrftoken");
        assert_refused(no_cookies.send().await, &ada, &format!("{method} {path}, no cookies")).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c01_methods_that_nobody_knows_are_unsafe() {
    let (_app, ada) = ada_signed_in(app().await).await;
    for method in ["TRACE", "CONNECT", "PROPFIND", "post", "Get"] {
        let method: Method = method.parse().unwrap();
        let reply = ada.call(&method, "/api/logout/").without("x-csrftoken").send().await;
        assert_refused(reply, &ada, method.as_str()).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c02_a_bad_token_is_refused_and_never_breaks_the_server() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let token = ada.cookie("csrftoken").unwrap();
    let other_case: String = token.chars().map(flip_case).collect();
    let mut bad = vec![
        String::new(),
        "a".repeat(16),
        "a".repeat(64),
        "*".repeat(64),
        "a".repeat(43),
        "\u{e9}\u{1f980}".to_owned(),
        "a".repeat(10_240),
        format!("{token}="),
        format!("{token}A"),
        format!("{token}, {token}"),
        format!("\"{token}\""),
        token[..42].to_owned(),
        other_case,
    ];
    // Every character counts, even the two unused bits of the last one.
    bad.extend((0..token.len()).map(|index| changed_at(&token, index)));
    for value in bad {
        let header = logout(&ada).instead("x-csrftoken", &value);
        assert_refused(header.send().await, &ada, &format!("as header: {value:?}")).await;
        let pair = format!("{}; csrftoken={value}", session_only(&ada));
        let both = logout(&ada).instead("cookie", &pair).instead("x-csrftoken", &value);
        assert_refused(both.send().await, &ada, &format!("as cookie and header: {value:?}")).await;
    }
    let twice = logout(&ada).header("x-csrftoken", &token);
    assert_refused(twice.send().await, &ada, "the right header twice").await;
    assert_a_proper_request_passes(&ada).await;
}

fn flip_case(character: char) -> char {
    if character.is_ascii_lowercase() {
        character.to_ascii_uppercase()
    } else {
        character.to_ascii_lowercase()
    }
}

/// Returns the text with the lowest bit of one base64url character flipped.
fn changed_at(text: &str, index: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = text.as_bytes().to_vec();
    let value = ALPHABET.iter().position(|known| *known == bytes[index]).unwrap();
    bytes[index] = ALPHABET[value ^ 1];
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn c03_a_token_anywhere_but_in_the_header_is_none() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let token = ada.cookie("csrftoken").unwrap();
    let path = format!("/api/logout/?csrftoken={token}&X-CSRFToken={token}&csrfmiddlewaretoken={token}");
    let in_query = ada.call(&Method::POST, &path).json(&json!({})).without("x-csrftoken");
    assert_refused(in_query.send().await, &ada, "in the query").await;
    let body = json!({"csrftoken": token, "X-CSRFToken": token, "csrfmiddlewaretoken": token});
    let in_body = ada.call(&Method::POST, "/api/logout/").json(&body).without("x-csrftoken");
    assert_refused(in_body.send().await, &ada, "in the body").await;
    for name in ["x-csrf-token", "x-xsrf-token", "csrftoken"] {
        let other_name = logout(&ada).without("x-csrftoken").header(name, &token);
        assert_refused(other_name.send().await, &ada, name).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

/// Returns a `Cookie` header with the session of one browser and the CSRF token of another.
fn session_and_token(session: &Browser, token: &str) -> String {
    format!("{}; csrftoken={token}", session_only(session))
}

#[tokio::test]
async fn c07_a_token_of_another_session_is_refused() {
    let (app, ada) = ada_signed_in(app().await).await;
    app.add(EVE, Rank::Plain).await;
    let eve = app.signed_in(EVE).await;
    let second = app.signed_in(ADA).await;
    let stranger = app.browser();
    stranger.open_login_page().await;
    for (whose, browser) in [("eve", &eve), ("another session of ada", &second), ("nobody", &stranger)] {
        let token = browser.cookie("csrftoken").unwrap();
        let cookies = session_and_token(&ada, &token);
        let reply = logout(&ada).instead("cookie", cookies).instead("x-csrftoken", &token).send().await;
        assert_refused(reply, &ada, whose).await;
        let with_theirs =
            format!("{}; browser={}", session_and_token(&ada, &token), stranger_cookie(&stranger));
        let reply = logout(&ada).instead("cookie", with_theirs).instead("x-csrftoken", &token).send().await;
        assert_refused(reply, &ada, &format!("{whose}, with a browser cookie")).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

/// A sign-out everywhere. Unlike the plain sign-out, it always needs a token.
fn logout_all(browser: &Browser) -> Call<'_> {
    browser.call(&Method::POST, "/api/logout/all/").json(&json!({}))
}

fn stranger_cookie(browser: &Browser) -> String {
    browser.cookie("browser").unwrap()
}

#[tokio::test]
async fn c07_a_token_of_a_session_is_no_token_for_an_anonymous_browser() {
    let (app, ada) = ada_signed_in(app().await).await;
    let stranger = app.browser();
    stranger.open_login_page().await;
    let token = ada.cookie("csrftoken").unwrap();
    let cookies = format!("browser={}; csrftoken={token}", stranger_cookie(&stranger));
    let reply =
        logout_all(&stranger.copy()).instead("cookie", cookies).instead("x-csrftoken", &token).send().await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"));
    // The value of a session cookie in place of the browser cookie signs nothing either.
    let session = ada.cookie("sessionid").unwrap();
    let cookies = format!("browser={session}; csrftoken={token}");
    let reply =
        logout_all(&stranger.copy()).instead("cookie", cookies).instead("x-csrftoken", &token).send().await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"));
    assert_eq!(logout_all(&stranger).send().await.code(), "not_authenticated", "its own is let through");
}

#[tokio::test]
async fn c08_a_pair_that_the_attacker_chose_is_refused() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let session = ada.cookie("sessionid").unwrap();
    for chosen in
        ["x", "0123456789abcdef0123456789abcdef0123456789A", &session, &ada.cookie("browser").unwrap()]
    {
        let cookies = session_and_token(&ada, chosen);
        let reply = logout(&ada).instead("cookie", cookies).instead("x-csrftoken", chosen).send().await;
        assert_refused(reply, &ada, chosen).await;
    }
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c10_a_token_from_before_the_login_is_refused_after_it() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.browser();
    ada.open_login_page().await;
    let before = ada.cookie("csrftoken").unwrap();
    assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
    assert_ne!(ada.cookie("csrftoken").unwrap(), before);
    assert_refused(logout(&ada).instead("x-csrftoken", &before).send().await, &ada, "old header").await;
    let old_pair = format!("{}; csrftoken={before}; browser={}", session_only(&ada), stranger_cookie(&ada));
    let reply = logout(&ada).instead("cookie", old_pair).instead("x-csrftoken", &before).send().await;
    assert_refused(reply, &ada, "old pair, as in a tab that has not noticed").await;
    // A second sign-in in the same browser replaces the token again.
    let first = ada.cookie("csrftoken").unwrap();
    assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
    assert_refused(logout(&ada).instead("x-csrftoken", &first).send().await, &ada, "re-login").await;
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c10_a_token_from_before_the_logout_is_refused_after_it() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let before = ada.cookie("csrftoken").unwrap();
    assert_a_proper_request_passes(&ada).await;
    let login = || ada.call(&Method::POST, "/api/login/").json(&json!({"email": ADA, "password": PASSWORD}));
    let reply = login().instead("x-csrftoken", &before).send().await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"));
    let old_pair = format!("csrftoken={before}; browser={}", stranger_cookie(&ada));
    let reply = login().instead("cookie", old_pair).instead("x-csrftoken", &before).send().await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"));
    assert_eq!(login().send().await.status, 200);
}
