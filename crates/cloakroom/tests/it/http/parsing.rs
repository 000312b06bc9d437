//! Bodies, paths and methods that are not what was asked for (`http/json.rs`, contract section 5; catalogue P01 to P05).

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::{Value, json};

use crate::http::csrf::unsafe_operations;
use crate::support::database::{App, app, app_without_limits};

const ADA: &str = "ada@example.test";

async fn app_and_page() -> (App, Browser) {
    let app = app_without_limits().await;
    app.add(ADA, Rank::Plain).await;
    let browser = app.browser();
    browser.open_login_page().await;
    (app, browser)
}

async fn send(browser: &Browser, path: &str, body: impl Into<Body>) -> Reply {
    browser.call(&Method::POST, path).header("content-type", "application/json").body(body).send().await
}

fn assert_problem(reply: &Reply, status: u16, code: &str, what: &str) {
    assert_eq!((reply.status.as_u16(), &*reply.code()), (status, code), "{what}: {}", reply.text);
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{what}");
    assert_eq!(reply.headers["cache-control"], "no-store", "{what}");
    let problem = reply.json();
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)), "{what}");
    assert!(problem["title"].is_string() && problem["detail"].is_string(), "{what}: {problem}");
    // Nothing of how we are built: no words of serde, SQL or Rust.
    for word in ["expected", "line 1", "column", "struct", "panicked", "SELECT", "sqlx", "serde"] {
        assert!(!reply.text.contains(word), "{what}: {}", reply.text);
    }
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[tokio::test]
async fn p01_what_is_not_json_is_400_and_quickly() {
    let (_app, browser) = app_and_page().await;
    let good = json!({"email": ADA, "password": PASSWORD}).to_string();
    let bodies: Vec<Vec<u8>> = vec![
        b"".into(),
        b" ".into(),
        b"{".into(),
        b"}".into(),
        b"{\"email\":".into(),
        b"{'email': 'a'}".into(),
        b"{\"email\": \"a\",}".into(),
        b"{\"email\": \"\\ud800\"}".into(),
        b"{\"email\": \"\\udc00\\ud800\"}".into(),
        b"{\"email\": \"\\x41\"}".into(),
        b"{\"email\": \"a\0b\"}".into(),
        b"{\"email\": \"a\nb\"}".into(),
        b"{\"email\": \"\xff\xfe\"}".into(),
        b"{\"email\": \"\xed\xa0\x80\"}".into(),
        b"\xff\xfe{\0}\0".into(),
        b"NaN".into(),
        b"{\"password\": NaN}".into(),
        b"{\"password\": 01}".into(),
        b"email=ada@example.test".into(),
        b"// a comment\n{}".into(),
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        [good.as_bytes(), b"x"].concat(),
        [good.as_bytes(), good.as_bytes()].concat(),
        [good.as_bytes(), b"\0"].concat(),
        [good.as_bytes(), b" ]"].concat(),
        good[..good.len() - 1].into(),
        format!("{{\"email\": {}", nested(20_000)).into(),
        "[".repeat(60_000).into(),
        "{\"a\":".repeat(12_000).into(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let start = Instant::now();
        let reply = send(&browser, "/api/login/", body.clone()).await;
        assert_problem(&reply, 400, "invalid_json", &shown);
        assert!(start.elapsed() < Duration::from_secs(2), "{shown}: {:?}", start.elapsed());
        if !body.is_empty() {
            // A field that it does not take may be what is seen first.
            let status = send(&browser, "/api/logout/", body).await.status.as_u16();
            assert!(matches!(status, 400 | 422), "{shown}: {status}");
        }
    }
    assert_eq!(browser.state().await, "anonymous");
    assert_eq!(
        send(&browser, "/api/login/", format!("\r\n\t {good} \r\n")).await.status,
        200,
        "white space around it"
    );
}

#[tokio::test]
async fn p01_json_that_is_not_what_was_asked_for_is_422_and_names_the_field() {
    let (_app, browser) = app_and_page().await;
    let bodies = [
        (format!("[\"{ADA}\", \"{PASSWORD}\"]"), "", "invalid"),
        (format!("[{{\"email\": \"{ADA}\", \"password\": \"{PASSWORD}\"}}]"), "", "invalid"),
        ("[]".into(), "", "invalid"),
        (nested(30_000), "", "invalid"),
        ("null".into(), "", "invalid"),
        ("true".into(), "", "invalid"),
        ("\"text\"".into(), "", "invalid"),
        ("1e999999".into(), "", "invalid"),
        (
            format!("{{\"email\": \"x@y.test\", \"email\": \"{ADA}\", \"password\": \"{PASSWORD}\"}}"),
            "email",
            "invalid",
        ),
        (
            format!("{{\"email\": \"{ADA}\", \"password\": \"x\", \"password\": \"{PASSWORD}\"}}"),
            "password",
            "invalid",
        ),
        (
            format!("{{\"email\": \"{ADA}\", \"password\": \"{PASSWORD}\", \"remember\": true}}"),
            "remember",
            "unknown",
        ),
        (format!("{{\"email\": {{\"\": \"{ADA}\"}}, \"password\": \"{PASSWORD}\"}}"), "email", "invalid"),
        (format!("{{\"email\": [\"{ADA}\"], \"password\": \"{PASSWORD}\"}}"), "email", "invalid"),
        (format!("{{\"email\": 1e400, \"password\": \"{PASSWORD}\"}}"), "email", "invalid"),
        (format!("{{\"email\": \"a\\u0000b@x.test\", \"password\": \"{PASSWORD}\"}}"), "email", "invalid"),
        (
            format!("{{\"__proto__\": {{}}, \"email\": \"{ADA}\", \"password\": \"{PASSWORD}\"}}"),
            "__proto__",
            "unknown",
        ),
    ];
    for (body, field, code) in bodies {
        let reply = send(&browser, "/api/login/", body.clone()).await;
        let allowed = [("validation_failed", 422), ("invalid_json", 400)];
        assert!(allowed.contains(&(&*reply.code(), reply.status.as_u16())), "{body}: {}", reply.text);
        if reply.status == 422 {
            assert_problem(&reply, 422, "validation_failed", &body);
            let errors = reply.json()["errors"].clone();
            assert_eq!(errors.as_array().unwrap().len(), 1, "{body}: {errors}");
            assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(field), &json!(code)), "{body}");
            assert!(errors[0]["detail"].is_string());
        } else {
            assert!(body.contains("1e"), "only a number that fits nowhere is no JSON: {body}");
        }
        assert_eq!(browser.state().await, "anonymous", "{body}");
    }
    for body in ["[]", "[{}]", "{\"everywhere\": true}"] {
        assert_problem(&send(&browser, "/api/logout/", body).await, 422, "validation_failed", body);
    }
}

/// Whose account a call is about, its session or its token says, and never a field.
#[tokio::test]
async fn m04_somebody_elses_id_is_no_field_of_any_call() {
    let (app, _) = app_and_page().await;
    let victim = app.add("victim@example.test", Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    for (method, path) in unsafe_operations() {
        for field in ["user_id", "userId", "id", "user", "account", "identity_id", "is_staff"] {
            // Apple's callback has a `user`: the person's name, which names no account of ours.
            if field == "user" && path == "/api/social/provider/" {
                continue;
            }
            let reply = ada.call(&method, &path).json(&json!({field: victim.id})).send().await;
            assert_problem(&reply, 422, "validation_failed", &format!("{method} {path} {field}"));
            let error = &reply.json()["errors"][0];
            assert_eq!(
                (&error["field"], &error["code"]),
                (&json!(field), &json!("unknown")),
                "{method} {path}"
            );
        }
    }
    assert_eq!(ada.get("/api/session/").await.json()["user"]["email"], ADA);
}

#[tokio::test]
async fn p02_a_body_has_at_most_64_kib_whether_or_not_it_says_so() {
    const LIMIT: usize = 64 * 1024;
    let (_app, browser) = app_and_page().await;
    let padded = |length: usize| {
        let good = json!({"email": ADA, "password": PASSWORD}).to_string();
        good.clone() + &" ".repeat(length - good.len())
    };
    assert_eq!(send(&browser, "/api/login/", padded(LIMIT)).await.status, 200, "just as long as it may be");
    browser.post("/api/logout/", &json!({})).await;
    for length in [LIMIT + 1, 2 * 1024 * 1024 + 1] {
        for path in ["/api/login/", "/api/logout/"] {
            let what = format!("{path} with {length} bytes");
            assert_problem(&send(&browser, path, padded(length)).await, 413, "payload_too_large", &what);
        }
    }
    assert_problem(
        &send(&browser, "/api/login/", endless()).await,
        413,
        "payload_too_large",
        "a body without end",
    );
    let lying = browser.call(&Method::POST, "/api/login/").header("content-type", "application/json");
    let lying = lying.header("content-length", "2").body(endless());
    assert_problem(&lying.send().await, 413, "payload_too_large", "a length that lies");
    assert_eq!(browser.state().await, "anonymous");
}

/// Four kilobytes, again and again, with no length told before.
fn endless() -> Body {
    struct Endless;
    impl axum::body::HttpBody for Endless {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&[b' '; 4096])))))
        }
    }
    Body::new(Endless)
}

#[tokio::test]
async fn p03_what_stands_in_the_query_is_no_field() {
    let (_app, browser) = app_and_page().await;
    let query = format!("/api/login/?email={ADA}&password={PASSWORD}&email=x&email[]=y");
    let reply = browser.post(&query, &json!({})).await;
    assert_problem(&reply, 422, "validation_failed", "the query alone");
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 2, "both fields are missing");
    let reply = browser.post(&query, &json!({"email": ADA, "password": "wrong-horse-battery"})).await;
    assert_problem(&reply, 400, "invalid_credentials", "the body decides");
    assert!(!reply.text.contains(PASSWORD));
}

/// Every pair of path and method that the document does not name.
fn wrong_methods() -> Vec<(Method, String, Vec<String>)> {
    let document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    let mut wrong = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut allowed: Vec<String> =
            item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        if allowed.contains(&"GET".to_owned()) {
            allowed.push("HEAD".to_owned());
        }
        allowed.sort();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            if !allowed.contains(&method.to_owned()) {
                wrong.push((method.parse().unwrap(), path.clone(), allowed.clone()));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn p05_a_method_that_a_path_does_not_take_is_405_and_told_which_it_takes() {
    let (_app, browser) = app_and_page().await;
    for (method, path, allowed) in wrong_methods() {
        for path in [&*path, path.trim_end_matches('/')] {
            let reply = browser.call(&method, path).json(&json!({})).send().await;
            let what = format!("{method} {path}");
            assert_problem(&reply, 405, "method_not_allowed", &what);
            let mut told: Vec<&str> =
                reply.headers["allow"].to_str().unwrap().split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{what}");
        }
    }
}

#[tokio::test]
async fn p05_every_error_is_a_problem() {
    let (_app, browser) = app_and_page().await;
    let wrong = json!({"email": ADA, "password": "wrong-horse-battery"});
    assert_problem(&browser.post("/api/login/", &wrong).await, 400, "invalid_credentials", "400");
    assert_problem(&browser.get("/api/users/profile/").await, 401, "not_authenticated", "401");
    let unguarded = browser.call(&Method::POST, "/api/login/").json(&wrong).without("x-csrftoken");
    assert_problem(&unguarded.send().await, 403, "csrf_failed", "403");
    let form =
        browser.call(&Method::POST, "/api/login/").body("email=x").header("content-type", "text/plain");
    assert_problem(&form.send().await, 415, "unsupported_media_type", "415");
    assert_problem(&browser.post("/api/login/", &json!({})).await, 422, "validation_failed", "422");
    let limited = app().await;
    let browser = limited.browser();
    browser.open_login_page().await;
    for _ in 0..10 {
        browser.login(ADA, "wrong-horse-battery").await;
    }
    assert_problem(&browser.login(ADA, PASSWORD).await, 429, "rate_limited", "429");
}

/// The hint tells developers what to do; in production it would tell attackers what was seen through.
#[tokio::test]
async fn p05_hints_are_for_development_only() {
    let (_app, browser) = app_and_page().await;
    let reply = browser.call(&Method::POST, "/api/login/").without("x-csrftoken").send().await;
    assert_eq!(reply.code(), "csrf_failed");
    assert!(reply.json().get("hint").is_none(), "{}", reply.text);
    let directory = tempfile::tempdir().unwrap();
    let config = cloakroom::Config::development(directory.path(), 3000).unwrap();
    let development = cloakroom::testing::TestApp::with(config, axum::Router::new())
        .await
        .watched(crate::support::conformance::check);
    let browser = development.browser();
    browser.open_login_page().await;
    let reply = browser.call(&Method::POST, "/api/login/").without("x-csrftoken").send().await;
    assert_eq!(reply.json()["hint"], "Send the csrftoken cookie's value in the X-CSRFToken header.");
}

#[tokio::test]
async fn finding_u7_the_hint_says_what_to_set_when_the_page_is_at_another_address() {
    let directory = tempfile::tempdir().unwrap();
    let config = cloakroom::Config::development(directory.path(), 3000).unwrap();
    let development = cloakroom::testing::TestApp::with(config, axum::Router::new())
        .await
        .watched(crate::support::conformance::check);
    let browser = development.browser();
    browser.open_login_page().await;
    let hint = async |name, value: &str| {
        let call = browser.call(&Method::POST, "/api/login/").without("origin").header(name, value);
        call.send().await.json()["hint"].as_str().unwrap().to_owned()
    };
    // As Vite's proxy sends it, whose guide names the variable.
    for (name, value) in
        [("origin", "http://localhost:5173"), ("referer", "http://localhost:5173/login?next=/")]
    {
        assert_eq!(
            hint(name, value).await,
            "The page is at http://localhost:5173, and public_url is http://localhost:3000. Start the server with \
             CLOAKROOM_PUBLIC_URL=http://localhost:5173, or open the app at http://localhost:3000."
        );
    }
    for foreign in ["null", "https://evil.test", "http://localhost.evil.test"] {
        let hint = hint("origin", foreign).await;
        assert!(hint.contains("CLOAKROOM_PUBLIC_URL") && !hint.contains(foreign), "{hint}");
    }
}

#[tokio::test]
async fn p05_storage_that_is_away_is_503_and_says_nothing_of_itself() {
    let (app, browser) = app_and_page().await;
    let ada = app.signed_in(ADA).await;
    app.cloakroom.close().await;
    app.advance(Duration::from_mins(1));
    for reply in [
        browser.login(ADA, PASSWORD).await,
        ada.get("/api/users/profile/").await,
        ada.get("/api/session/").await,
        ada.post("/api/logout/", &json!({})).await,
    ] {
        assert_problem(&reply, 503, "unavailable", "no storage");
        assert_eq!(reply.headers["retry-after"], "2");
        assert!(!reply.headers.contains_key("set-cookie"), "nobody is signed out by that");
    }
    assert!(!app.cloakroom.is_ready().await);
    assert_eq!(browser.open_login_page().await.status, 200, "what needs no storage works");
}

#[tokio::test]
async fn every_path_works_with_and_without_its_last_slash() {
    let (app, browser) = app_and_page().await;
    for path in ["/api/config", "/api/session", "/api/login-set-cookie", "/api/docs"] {
        let (with, without) = (browser.get(&format!("{path}/")).await, browser.get(path).await);
        assert_eq!((with.status.as_u16(), without.status.as_u16()), (200, 200), "{path}");
        assert_eq!(with.text, without.text, "{path}");
        assert_eq!(without.headers["cache-control"], "no-store", "{path}");
    }
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(browser.post("/api/login", &body).await.status, 200);
    assert_eq!(browser.get("/api/users/profile").await.json()["email"], ADA);
    assert_eq!(browser.post("/api/logout/all", &json!({})).await.status, 200);
    assert_eq!(browser.post("/api/logout", &json!({})).await.status, 200);
    assert_eq!(app.database.rows("sessions").await, 0);
}

#[tokio::test]
async fn a_call_that_takes_nothing_takes_no_body_or_an_empty_object() {
    let (_app, browser) = app_and_page().await;
    let bare = browser.call(&Method::POST, "/api/logout/").send().await;
    assert_eq!(bare.status, 200, "{}", bare.text);
    assert_eq!(send(&browser, "/api/logout/", "{}").await.status, 200);
    assert_eq!(send(&browser, "/api/logout/", " {\n} ").await.status, 200);
}

/// The catalogue's random bytes, in every place of every call: no 5xx for a client's mistake.
#[tokio::test]
async fn p04_no_client_makes_the_server_fail() {
    let (app, _) = app_and_page().await;
    let ada = app.signed_in(ADA).await;
    let nasty = [
        "' OR '1'='1",
        "\"; DROP TABLE users; --",
        "%s%n%x",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "\u{0}",
        "\u{202e}",
        "../../etc/passwd",
        "1 UNION SELECT password_hash FROM users",
    ];
    for (method, path) in unsafe_operations() {
        for text in nasty {
            for body in [
                json!({"email": text, "password": text}),
                json!({"email": format!("{}@x.test", text.replace(|c: char| !c.is_ascii_alphanumeric(), "'")), "password": text}),
                json!({text: text}),
                json!(text),
            ] {
                let reply =
                    ada.copy().call(&method, &path).json(&body).header("user-agent", "x' --").send().await;
                assert!(
                    reply.status.is_client_error() || reply.status == 202,
                    "{method} {path} {body}: {} {}",
                    reply.status,
                    reply.text
                );
                let read = ada
                    .call(&Method::GET, "/api/users/profile/")
                    .header("x-forwarded-for", text.replace('\0', ""));
                assert_eq!(read.send().await.status, 200);
            }
        }
    }
    assert_eq!(app.database.rows("users").await, 1);
}
