//! The library embedded in another app, as in `examples/embed.rs` (security case M02).

mod names;
mod pages;
mod principal;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_extractor;
use axum::response::AppendHeaders;
use axum::routing::{get, post};
use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use cloakroom::{Staff, User};
use http::Method;
use serde_json::json;
use tower::Service as _;

use crate::support::app::{App, embedded};
use crate::support::people::ADA;

const GRACE: &str = "grace@example.test";

/// The routes of the example, a route that writes, and one that sets a cookie of its own.
fn routes() -> Router {
    let reports =
        Router::new().route("/reports", get("For staff only.")).route_layer(from_extractor::<Staff>());
    let cookie = AppendHeaders([("set-cookie", "theme=dark; Path=/")]);
    Router::new()
        .route("/me", get(async |user: User| format!("Hello {}", user.email)))
        .route("/", get(async |user: Option<User>| user.map_or("Hello guest".into(), |user| user.email)))
        .route("/staff", get(async |staff: Staff| staff.0.email))
        .route("/notes", post(async |user: User| format!("Noted, {}", user.email)))
        .route("/hook", post("Anybody's."))
        .route("/theme", get(async move |_: User| (cookie, "Dark it is.")))
        .merge(reports)
}

async fn app() -> App {
    let app = embedded(|_| {}, routes()).await;
    app.add(ADA, Rank::Staff).await;
    app.add(GRACE, Rank::Plain).await;
    app
}

#[tokio::test]
async fn a_route_that_takes_a_user_is_for_those_who_are_signed_in() {
    let app = app().await;
    let reply = app.browser().get("/me").await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"));
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    let ada = app.signed_in(ADA).await;
    let reply = ada.get("/me").await;
    assert_eq!((reply.status.as_u16(), &*reply.text), (200, "Hello ada@example.test"));
    assert_eq!(ada.post("/api/logout/", &json!({})).await.status, 200);
    assert_eq!(ada.get("/me").await.status, 401);
}

#[tokio::test]
async fn a_route_that_takes_a_user_or_none_is_for_everybody() {
    let app = app().await;
    assert_eq!(app.browser().get("/").await.text, "Hello guest");
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get("/").await.text, ADA);
    let planted = app.browser();
    planted.plant("sessionid", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG");
    assert_eq!(planted.get("/").await.text, "Hello guest");
}

/// If storage fails, "not signed in" would be wrong: a signed-in user would get the page for guests.
#[tokio::test]
async fn a_route_that_takes_a_user_or_none_does_not_take_a_fault_for_nobody() {
    let app = app().await;
    let ada = app.signed_in(ADA).await;
    app.cloakroom.close().await;
    app.advance(Duration::from_mins(1));
    assert_eq!(ada.get("/").await.code(), "unavailable");
    assert_eq!(app.browser().get("/").await.text, "Hello guest", "who shows no ticket needs no storage");
}

#[tokio::test]
async fn m02_staff_routes_are_for_staff() {
    let app = app().await;
    let (nobody, grace, ada) = (app.browser(), app.signed_in(GRACE).await, app.signed_in(ADA).await);
    for path in ["/reports", "/staff"] {
        let reply = nobody.get(path).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (401, "not_authenticated"), "{path}");
        let reply = grace.get(path).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "forbidden"), "{path}");
        assert!(!reply.text.contains("For staff"), "{path}");
        assert_eq!(ada.get(path).await.status, 200, "{path}");
    }
    assert_eq!(ada.get("/reports").await.text, "For staff only.");
}

#[tokio::test]
async fn a_route_of_the_embedder_that_writes_is_guarded_like_ours() {
    let app = app().await;
    let ada = app.signed_in(ADA).await;
    for path in ["/notes", "/hook"] {
        for request in [
            ada.call(&Method::POST, path).without("x-csrftoken"),
            ada.call(&Method::POST, path).instead("origin", "https://evil"),
            ada.call(&Method::POST, path).instead("sec-fetch-site", "same-site"),
        ] {
            let reply = request.send().await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{path}");
        }
    }
    let reply = ada.call(&Method::POST, "/notes").send().await;
    assert_eq!((reply.status.as_u16(), &*reply.text), (200, "Noted, ada@example.test"));
}

#[tokio::test]
async fn a_route_that_is_not_below_the_layer_answers_500_and_does_not_panic() {
    let app = app().await;
    let mut outside = routes().merge(app.cloakroom.router());
    for path in ["/me", "/", "/reports", "/api/session/", "/api/users/profile/"] {
        let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = outside.call(request).await.unwrap();
        assert_eq!(response.status(), 500, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
    }
    let post = http::Request::post("/api/logout/").body(axum::body::Body::empty()).unwrap();
    assert_eq!(outside.call(post).await.unwrap().status(), 500, "nor does anything work unguarded");
}

#[tokio::test]
async fn the_cookie_is_renewed_by_routes_of_the_embedder_even_those_that_set_one() {
    let app = app().await;
    let ada = app.signed_in(ADA).await;
    assert!(ada.get("/me").await.set_cookie("sessionid").is_none());
    app.advance(Duration::from_mins(10));
    assert!(ada.get("/me").await.set_cookie("sessionid").is_some());
    app.advance(Duration::from_mins(10));
    let reply = ada.get("/theme").await;
    assert!(reply.set_cookie("theme").is_some());
    assert!(reply.set_cookie("sessionid").is_some(), "a cookie of the app does not keep ours back");
}

#[tokio::test]
async fn only_the_api_forbids_caches_by_itself() {
    let app = app().await;
    assert!(!app.browser().get("/").await.headers.contains_key("cache-control"), "the embedder's own choice");
    assert_eq!(app.browser().get("/api/session/").await.headers["cache-control"], "no-store");
}

/// The router works below a path of its own, or with the layer around it. Everything that the router handles
/// itself moves with it.
#[tokio::test]
async fn finding_v9_the_router_may_be_nested_below_a_path() {
    let app = app().await;
    let outside = Router::new().nest("/auth", app.cloakroom.router()).layer(app.cloakroom.layer());
    let inside = Router::new().nest("/auth", app.cloakroom.router().layer(app.cloakroom.layer()));
    for mut router in [outside, inside] {
        let mut jar: BTreeMap<String, String> = BTreeMap::new();
        let mut ask = async |method: &str, path: &str, body: &str| {
            let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = http::Request::builder()
                .method(method)
                .uri(path)
                .header("cookie", cookies.join("; "))
                .header("content-type", "application/json")
                .header("x-csrftoken", jar.get("csrftoken").map_or("", String::as_str))
                .body(axum::body::Body::from(body.to_owned()))
                .unwrap();
            let reply = router.call(request).await.unwrap();
            for cookie in reply.headers().get_all("set-cookie") {
                let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
                jar.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
            }
            assert_eq!(reply.headers()["cache-control"], "no-store", "{method} {path}");
            let status = reply.status().as_u16();
            let body = axum::body::to_bytes(reply.into_body(), usize::MAX).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        };
        let credentials = json!({"email": ADA, "password": PASSWORD}).to_string();
        assert_eq!(ask("POST", "/auth/api/login/", &credentials).await.0, 403, "a first visit");
        assert_eq!(
            ask("POST", "/auth/api/login/", &credentials).await.0,
            200,
            "with the token of the refusal"
        );
        for path in ["/auth/api/users/profile/", "/auth/api/session", "/auth/api/config/"] {
            assert_eq!(ask("GET", path, "").await.0, 200, "{path}");
        }
        assert_eq!(ask("GET", "/auth/api/login/", "").await.0, 405);
        assert_eq!(ask("POST", "/auth/api/logout/", "{}").await.0, 200);
        let page = ask("GET", "/auth/api/docs/", "").await.1;
        assert!(page.contains("href=\"/auth/api/openapi.json\""), "links lead to where the router is");
        assert!(page.contains("href=\"/auth/api/docs/style.css\"") && !page.contains("href=\"/api/"));
        let document: serde_json::Value =
            serde_json::from_str(&ask("GET", "/auth/api/openapi.json", "").await.1).unwrap();
        assert_eq!(document["servers"], json!([{"url": "/auth"}]));
    }
}
