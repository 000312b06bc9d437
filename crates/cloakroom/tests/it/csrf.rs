//! Requests that our own page did not send (`http/csrf.rs`, contract section 4; catalogue C01 to C18).
//!
//! What every test here relies on: the same request with nothing wrong is let through. Each shows it at its end.

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Call, PASSWORD, Reply};
use http::Method;
use serde_json::{Value, json};

use crate::database::{App, app, https_app};

const ADA: &str = "ada@example.test";
const EVE: &str = "eve@evil.test";

/// Every operation of the document that may change something, path parameters filled in.
pub(crate) fn unsafe_operations() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path: String = path.split(['{', '}']).collect();
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            if matches!(method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE) {
                operations.push((method, path.clone()));
            }
        }
    }
    assert!(operations.len() >= 3, "{operations:?}");
    operations
}

/// An app with Ada signed in.
async fn ada_signed_in(app: App) -> (App, Browser) {
    app.add(ADA, Rank::Plain).await;
    let browser = app.signed_in(ADA).await;
    (app, browser)
}

fn logout(browser: &Browser) -> Call<'_> {
    browser.call(&Method::POST, "/api/logout/").json(&json!({}))
}

/// Refused for the sake of CSRF: with its code, no cookie, and nothing changed.
async fn assert_refused(reply: Reply, browser: &Browser, what: &str) {
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{what}: {}", reply.text);
    assert!(!reply.headers.contains_key("set-cookie"), "{what}");
    assert_eq!(browser.state().await, "authenticated", "{what}");
}

async fn assert_a_proper_request_passes(browser: &Browser) {
    let reply = logout(browser).send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(browser.state().await, "anonymous");
}

fn session_name(browser: &Browser) -> &'static str {
    if browser.cookie("sessionid").is_some() { "sessionid" } else { "__Host-sessionid" }
}

/// The `Cookie` header of this browser's session alone.
fn session_only(browser: &Browser) -> String {
    let name = session_name(browser);
    format!("{name}={}", browser.cookie(name).unwrap())
}

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
        let no_cookies = request().without("cookie").without("x-csrftoken");
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
    // Every single character counts, the last one with its two unused bits included.
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

/// The same text with the lowest bit of one base64url character turned.
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
        // What is not ours is not made ours by a header of the same request.
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
async fn c04_failing_an_origin_the_referer_must_be_ours() {
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
    // `none` is a person's own doing, such as a script on the command line; the token decides.
    let without_token = logout(&ada).instead("sec-fetch-site", "none").without("x-csrftoken");
    assert_refused(without_token.send().await, &ada, "none, no token").await;
    let reply = logout(&ada).instead("sec-fetch-site", "none").send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// The catalogue proposes to refuse a request without `Origin` and `Referer` over https. The contract, which wins, asks
/// for them to be ours when they are there: programs that are no browsers send neither, and privacy extensions strip them.
/// What remains is the token, which no other site can read.
#[tokio::test]
async fn c06_without_origin_referer_and_fetch_metadata_the_token_decides() {
    let (_app, ada) = ada_signed_in(https_app().await).await;
    let stripped = || logout(&ada).without("origin").without("referer").without("sec-fetch-site");
    assert_refused(stripped().without("x-csrftoken").send().await, &ada, "no token").await;
    assert_refused(stripped().instead("x-csrftoken", "a".repeat(43)).send().await, &ada, "a bad token").await;
    let reply = stripped().send().await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// The `Cookie` header of one browser's session and another's token.
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
    let reply = logout(&stranger).instead("cookie", cookies).instead("x-csrftoken", &token).send().await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"));
    // The value of a session cookie, put where the browser cookie belongs, signs nothing either.
    let session = ada.cookie("sessionid").unwrap();
    let cookies = format!("browser={session}; csrftoken={token}");
    let reply = logout(&stranger).instead("cookie", cookies).instead("x-csrftoken", &token).send().await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"));
    assert_eq!(logout(&stranger).send().await.status, 200);
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
async fn c09_two_csrf_cookies_count_as_none() {
    let (_app, ada) = ada_signed_in(app().await).await;
    let token = ada.cookie("csrftoken").unwrap();
    let session = session_only(&ada);
    for cookies in [
        format!("{session}; csrftoken={token}; csrftoken=evil"),
        format!("{session}; csrftoken=evil; csrftoken={token}"),
        format!("{session}; csrftoken={token}; csrftoken={token}"),
        format!("csrftoken=; {session}; csrftoken={token}"),
        format!("{session};csrftoken={token};\tcsrftoken =evil"),
        format!("{session}; csrftoken={token}; a=\"; csrftoken=evil; x=\""),
        format!("{session}; a=\"; csrftoken=evil; x=\""),
        format!("{session}; csrftoken=\"{token}\""),
        format!("{session}; CSRFTOKEN={token}"),
        format!("{session}, csrftoken={token}"),
    ] {
        let reply = logout(&ada).instead("cookie", &cookies).send().await;
        assert_refused(reply, &ada, &cookies).await;
    }
    let in_two_headers = logout(&ada).header("cookie", "csrftoken=evil");
    assert_refused(in_two_headers.send().await, &ada, "a second Cookie header").await;
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c09_two_session_cookies_count_as_none() {
    for app in [app().await, https_app().await] {
        app.add(EVE, Rank::Plain).await;
        let (app, ada) = ada_signed_in(app).await;
        let eve = app.signed_in(EVE).await;
        let (hers, evil) = (session_only(&ada), session_only(&eve));
        let token = ada.cookie("csrftoken").unwrap();
        let name = session_name(&ada);
        for session in [
            format!("{hers}; {evil}"),
            format!("{evil}; {hers}"),
            format!("{hers}; {hers}"),
            format!("{name}=; {hers}"),
            format!("{hers}; {name}=garbage"),
            format!("$Version=1; {}", hers.replacen('=', "=\"", 1) + "\""),
        ] {
            let profile =
                ada.call(&Method::GET, "/api/users/profile/").instead("cookie", &session).send().await;
            assert_eq!(profile.status, 401, "{session}");
            let cookies = format!("{session}; csrftoken={token}");
            assert_refused(logout(&ada).instead("cookie", &cookies).send().await, &ada, &cookies).await;
        }
        assert_eq!(eve.state().await, "authenticated");
        assert_a_proper_request_passes(&ada).await;
    }
}

#[tokio::test]
async fn c09_a_name_that_only_looks_like_the_session_cookie_is_another_cookie() {
    let (app, ada) = ada_signed_in(https_app().await).await;
    let ticket = ada.cookie("__Host-sessionid").unwrap();
    for name in [
        "\u{2000}__Host-sessionid",
        "__host-sessionid",
        "sessionid",
        "__Host-sessionid\u{a0}",
        "__Secure-sessionid",
    ] {
        let alone = format!("{name}={ticket}");
        let reply =
            app.browser().call(&Method::GET, "/api/users/profile/").header("cookie", alone).send().await;
        assert_eq!(reply.status, 401, "{name:?}");
        // Beside the true one it neither wins nor counts as a second.
        let beside = format!("{name}=evil; {}", session_only(&ada));
        let reply =
            app.browser().call(&Method::GET, "/api/users/profile/").header("cookie", beside).send().await;
        assert_eq!(reply.status, 200, "{name:?}");
    }
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
    // A second sign-in, in the same browser, turns the token again.
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
        assert!(!reply.headers.contains_key("set-cookie"), "request {number}");
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
async fn c13_a_safe_method_changes_nothing_whatever_else_it_claims() {
    let (_app, ada) = ada_signed_in(app().await).await;
    for (_, path) in unsafe_operations() {
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
    // The other way round: claiming to be a GET does not spare a POST its token.
    let reply = logout(&ada).without("x-csrftoken").header("x-http-method-override", "GET").send().await;
    assert_refused(reply, &ada, "POST, called a GET").await;
    assert_a_proper_request_passes(&ada).await;
}

#[tokio::test]
async fn c14_what_a_form_can_send_is_no_json() {
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
        "application/json;charset=\"UTF-8\"",
    ] {
        assert_eq!(login().header("content-type", kind).send().await.status, 200, "{kind}");
    }
    // A call that takes nothing takes no other body either.
    let reply =
        ada.call(&Method::POST, "/api/logout/").body("{}").header("content-type", "text/plain").send().await;
    assert_eq!((reply.status.as_u16(), &*ada.state().await), (415, "authenticated"));
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
    // Another scheme is somebody else's affair, such as a proxy's, and spares nobody the CSRF token.
    for authorization in ["Basic YTpi", "Bearer x", "Tokens x"] {
        let read = ada.call(&Method::GET, "/api/users/profile/").header("authorization", authorization);
        assert_eq!(read.send().await.status, 200, "{authorization}");
        let write = logout(&ada).header("authorization", authorization).without("x-csrftoken");
        assert_refused(write.send().await, &ada, authorization).await;
    }
    assert_a_proper_request_passes(&ada).await;
}
