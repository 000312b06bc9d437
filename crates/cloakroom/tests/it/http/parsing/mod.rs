//! Malformed bodies, wrong paths and wrong methods (`http/json.rs`; security cases P01 to P05).

mod paths;
mod problems;

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply};
use http::Method;
use serde_json::json;

use crate::support::app::{App, app_without_limits};
use crate::support::operations::unsafe_operations;
use crate::support::people::ADA;

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
    // No implementation details: no words of serde, SQL or Rust.
    for word in ["expected", "line 1", "column", "struct", "panicked", "SELECT", "sqlx", "serde"] {
        assert!(!reply.text.contains(word), "{what}: {}", reply.text);
    }
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[tokio::test]
async fn p01_invalid_json_is_400_and_refused_quickly() {
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
            // An unknown field may be reported before the syntax error.
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
async fn p01_json_of_the_wrong_shape_is_422_and_names_the_field() {
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

/// The session or token decides whose account a call is about, never a field.
#[tokio::test]
async fn m04_no_call_takes_the_id_of_somebody_else() {
    let (app, _) = app_and_page().await;
    let victim = app.add("victim@example.test", Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    for (method, path) in unsafe_operations() {
        for field in ["user_id", "userId", "id", "user", "account", "identity_id", "is_staff"] {
            // Apple's callback has a field `user` with the person's name. It does not refer to an account.
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
async fn p02_a_body_has_at_most_64_kib_whatever_length_it_claims() {
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

/// An endless body in blocks of four kilobytes, without a length.
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
async fn p03_query_parameters_are_no_fields() {
    let (_app, browser) = app_and_page().await;
    let query = format!("/api/login/?email={ADA}&password={PASSWORD}&email=x&email[]=y");
    let reply = browser.post(&query, &json!({})).await;
    assert_problem(&reply, 422, "validation_failed", "the query alone");
    assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 2, "both fields are missing");
    let reply = browser.post(&query, &json!({"email": ADA, "password": "wrong-horse-battery"})).await;
    assert_problem(&reply, 400, "invalid_credentials", "the body decides");
    assert!(!reply.text.contains(PASSWORD));
}

#[tokio::test]
async fn a_call_that_takes_nothing_takes_no_body_or_an_empty_object() {
    let (_app, browser) = app_and_page().await;
    let bare = browser.call(&Method::POST, "/api/logout/").send().await;
    assert_eq!(bare.status, 200, "{}", bare.text);
    assert_eq!(send(&browser, "/api/logout/", "{}").await.status, 200);
    assert_eq!(send(&browser, "/api/logout/", " {\n} ").await.status, 200);
}

/// Hostile strings in every field of every call: a client's mistake never causes a 5xx.
#[tokio::test]
async fn p04_no_client_makes_the_server_fail() {
    let (app, _) = app_and_page().await;
    let ada = app.signed_in(ADA).await;
    let nasty = [
        "' OR '1'='1",
        "\"; DROP TABLE cloakroom_users; --",
        "%s%n%x",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "\u{0}",
        "\u{202e}",
        "../../etc/passwd",
        "1 UNION SELECT password_hash FROM cloakroom_users",
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
