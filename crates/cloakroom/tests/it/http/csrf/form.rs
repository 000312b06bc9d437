//! HTML forms of an embedding app: the token in a hidden field, and the body passed on unchanged.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::response::Html;
use axum::routing::{get, post};
use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Call};
use cloakroom::{CsrfToken, User};
use http::Method;
use http_body::Frame;

use super::EVE;
use crate::support::app::{App, embedded};
use crate::support::people::ADA;

const URL_ENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=\"X-y\"";

/// A form page, and its target, which echoes what arrived.
fn pages() -> Router {
    let page = get(async |token: CsrfToken| {
        Html(format!("<form method=\"post\" action=\"/notes\">{}<button>Send</button></form>", token.field()))
    });
    let notes = post(async |user: User, headers: HeaderMap, body: Bytes| {
        format!("{} {} {}", user.email, headers["content-type"].to_str().unwrap().len(), hash(&body))
    });
    Router::new().route("/page", page).route("/notes", notes)
}

fn hash(body: &[u8]) -> String {
    use sha2::Digest as _;
    format!("{}:{:x?}", body.len(), &sha2::Sha256::digest(body)[..8])
}

async fn app() -> (App, Browser) {
    let app = embedded(|_| {}, pages()).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    (app, ada)
}

/// Builds the request that a browser sends for a form, without any of our headers.
fn submit<'a>(browser: &'a Browser, kind: &str) -> Call<'a> {
    browser.call(&Method::POST, "/notes").without("x-csrftoken").header("content-type", kind)
}

fn multipart(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--X-y\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect::<String>() + "--X-y--\r\n"
}

#[tokio::test]
async fn finding_v8_a_page_gets_its_token_and_a_form_sends_it_back() {
    let (app, ada) = app().await;
    for browser in [&ada, &app.browser()] {
        let page = browser.get("/page").await;
        let token = page.text.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(page.text.contains("<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\""));
        assert_eq!(
            browser.cookie("csrftoken").unwrap(),
            token,
            "the reply set the cookie where it was missing"
        );
        assert_eq!(page.headers["cache-control"], "no-store");
        let reply =
            submit(browser, URL_ENCODED).body(format!("csrfmiddlewaretoken={token}&a=1")).send().await;
        assert!(matches!(reply.status.as_u16(), 200 | 401), "let through: {}", reply.text);
    }
    assert!(ada.get("/page").await.set_cookie("csrftoken").is_none(), "it fits already");
}

#[tokio::test]
async fn finding_v8_the_body_reaches_its_handler_to_the_byte() {
    let (_app, ada) = app().await;
    let token = ada.cookie("csrftoken").unwrap();
    let megabyte = "x".repeat(1024 * 1024);
    let field = ("csrfmiddlewaretoken", &*token);
    let bodies = [
        (URL_ENCODED, format!("csrfmiddlewaretoken={token}")),
        (URL_ENCODED, format!("note=%C3%A9+b&csrfmiddlewaretoken={token}&empty=&=")),
        ("application/x-www-form-urlencoded; charset=UTF-8", format!("csrfmiddlewaretoken={token}")),
        (URL_ENCODED, format!("csrfmiddlewaretoken={token}&note={megabyte}")),
        (MULTIPART, multipart(&[field, ("note", "a\r\nb")])),
        (MULTIPART, multipart(&[("note", "a"), field])),
        (MULTIPART, multipart(&[field, ("file", &megabyte)])),
    ];
    for (kind, body) in bodies {
        let reply = submit(&ada, kind).body(body.clone()).send().await;
        let told = format!("{ADA} {} {}", kind.len(), hash(body.as_bytes()));
        assert_eq!((reply.status.as_u16(), reply.text), (200, told), "{kind}, {} bytes", body.len());
    }
    // The body arrives in pieces, as over a network.
    let body = format!("note=1&csrfmiddlewaretoken={token}&end=2");
    let stream = Body::new(Pieces(body.as_bytes().chunks(7).map(Bytes::copy_from_slice).rev().collect()));
    let reply = submit(&ada, URL_ENCODED).body(stream).send().await;
    assert!(reply.text.ends_with(&hash(body.as_bytes())), "{}", reply.text);
}

/// A body in pieces. The list is in reverse order.
struct Pieces(Vec<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.pop().map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test]
async fn finding_v8_a_form_without_the_right_token_is_refused() {
    let (app, ada) = app().await;
    app.add(EVE, Rank::Plain).await;
    let token = ada.cookie("csrftoken").unwrap();
    let theirs = app.signed_in(EVE).await.cookie("csrftoken").unwrap();
    let late = format!("note={}&csrfmiddlewaretoken={token}", "x".repeat(100_000));
    let bad = [
        (URL_ENCODED, String::new()),
        (URL_ENCODED, "note=1".to_owned()),
        (URL_ENCODED, "csrfmiddlewaretoken=".to_owned()),
        (URL_ENCODED, format!("csrfmiddlewaretoken={theirs}")),
        (URL_ENCODED, format!("csrfmiddlewaretoken={token}&csrfmiddlewaretoken={token}")),
        (URL_ENCODED, format!("csrfmiddlewaretoken={token}A")),
        (URL_ENCODED, format!("csrftoken={token}&CSRFMiddlewareToken={token}")),
        (URL_ENCODED, late),
        (MULTIPART, multipart(&[("note", "1")])),
        (MULTIPART, multipart(&[("csrfmiddlewaretoken", &theirs)])),
        (MULTIPART, multipart(&[("csrfmiddlewaretoken", &token), ("csrfmiddlewaretoken", &token)])),
        (MULTIPART, "no parts at all".to_owned()),
        ("multipart/form-data", multipart(&[("csrfmiddlewaretoken", &token)])),
        ("text/plain", format!("csrfmiddlewaretoken={token}")),
        ("application/json", format!("{{\"csrfmiddlewaretoken\": \"{token}\"}}")),
    ];
    for (kind, body) in bad {
        let shown = body.chars().take(80).collect::<String>();
        let reply = submit(&ada, kind).body(body).send().await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{kind}: {shown}");
    }
    let good = || submit(&ada, URL_ENCODED).body(format!("csrfmiddlewaretoken={token}"));
    assert_eq!(
        good().header("x-csrftoken", "wrong").send().await.code(),
        "csrf_failed",
        "the header decides"
    );
    assert_eq!(good().instead("origin", "https://evil").send().await.code(), "csrf_failed");
    assert_eq!(good().instead("sec-fetch-site", "same-site").send().await.code(), "csrf_failed");
    let without_cookie = format!("sessionid={}", ada.cookie("sessionid").unwrap());
    assert_eq!(good().instead("cookie", without_cookie).send().await.code(), "csrf_failed");
    assert_eq!(good().send().await.status, 200);
}

/// API calls take JSON only: the guard lets a form with a token through, and the call refuses it.
#[tokio::test]
async fn finding_v8_a_form_is_still_no_json() {
    let (_app, ada) = app().await;
    let body = format!("csrfmiddlewaretoken={}&email=a&password=b", ada.cookie("csrftoken").unwrap());
    let call =
        ada.call(&Method::POST, "/api/login/").without("x-csrftoken").header("content-type", URL_ENCODED);
    assert_eq!(call.body(body).send().await.code(), "unsupported_media_type");
}
