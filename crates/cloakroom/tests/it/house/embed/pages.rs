//! Our pages beside the routes of an app, by `cloakroom.pages()`.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_SECURITY_POLICY};
use tower::Service as _;

use crate::support::app::{App, app};

/// The routes of an app with its own `/`, its own answer to unknown paths, and our pages.
fn router(app: &App) -> Router {
    Router::new()
        .route("/", get("My home."))
        .route("/accounts", get("My accounts."))
        .fallback(async || "My answer.")
        .merge(app.cloakroom.router())
        .merge(app.cloakroom.pages())
        .layer(app.cloakroom.layer())
}

async fn open(router: &Router, path: &str) -> Response {
    let request = Request::get(path).header(ACCEPT, "text/html").body(Body::empty()).unwrap();
    router.clone().call(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn an_app_keeps_its_own_routes_beside_our_pages() {
    let app = app().await;
    let router = router(&app);
    for (path, own) in [
        ("/", "My home."),
        ("/accounts", "My accounts."),
        ("/nothing", "My answer."),
        ("/logins", "My answer."),
        ("/assets/a.js", "My answer."),
        ("/favicon.ico", "My answer."),
    ] {
        assert_eq!(text(open(&router, path).await).await, own, "{path}");
    }
}

#[tokio::test]
async fn our_pages_carry_their_strict_policy_into_an_app() {
    let app = app().await;
    let router = router(&app);
    for path in ["/login", "/account/password", "/auth/github/callback?code=1&state=2", "/tasks/"] {
        let page = open(&router, path).await;
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("default-src 'self'") && policy.contains("base-uri 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(page.headers()["x-content-type-options"], "nosniff", "{path}");
        // Without `make web` a page says that it was not built.
        if page.status() != StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert!(text(page).await.contains(r#"<meta name="cloakroom-home" content="/">"#), "{path}");
        }
    }
    let change = open(&router, "/.well-known/change-password").await;
    assert_eq!(
        (change.status(), &change.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/account/password".parse().unwrap())
    );
    assert_eq!(open(&router, "/_cloakroom/missing.js").await.status(), StatusCode::NOT_FOUND);
}

/// A program without pages of its own takes the whole site, home page included.
#[tokio::test]
async fn a_program_without_pages_has_ours_at_every_path() {
    let app = app().await;
    let router = Router::new().fallback_service(app.cloakroom.site());
    for path in ["/", "/login", "/nothing"] {
        let page = open(&router, path).await;
        if page.status() != StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert!(!text(page).await.contains("cloakroom-home"), "{path}");
        }
    }
}
