//! The library in an app of somebody else, in the shape of `examples/embed.rs` (contract section 1; catalogue M02).

use std::time::Duration;

use axum::Router;
use axum::middleware::from_extractor;
use axum::response::AppendHeaders;
use axum::routing::{get, post};
use cloakroom::administration::Rank;
use cloakroom::{Staff, User};
use http::Method;
use serde_json::json;
use tower::Service as _;

use crate::database::{App, embedded};

const ADA: &str = "ada@example.test";
const GRACE: &str = "grace@example.test";

/// The app of the example, with a route that writes, and one that sets a cookie of its own.
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

/// When storage is away, "nobody" would be a lie: a guest's page for somebody who is signed in.
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
