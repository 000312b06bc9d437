//! WebSocket upgrades (C17). Browsers send them to any site, with cookies.

use axum::Router;
use axum::routing::get;
use cloakroom::User;
use cloakroom::administration::Rank;
use http::Method;

use crate::support::app::embedded;
use crate::support::people::ADA;

#[tokio::test]
async fn c17_a_websocket_is_opened_by_our_own_page_only() {
    let live = Router::new().route("/live", get(async |user: User| user.email));
    let app = embedded(|_| {}, live).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    for name in ["websocket", "WebSocket", "h2c, websocket"] {
        let upgrade =
            || ada.call(&Method::GET, "/live").header("connection", "Upgrade").header("upgrade", name);
        for origin in ["https://evil", "null", "", "http://localhost:3001", "http://x.localhost:3000"] {
            let reply = upgrade().header("origin", origin).send().await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (403, "csrf_failed"), "{name} from {origin}");
            assert!(!reply.headers.contains_key("set-cookie"), "{origin}");
        }
        let ours = upgrade().header("origin", "http://localhost:3000");
        let two = upgrade().header("origin", "http://localhost:3000").header("origin", "https://evil");
        assert_eq!(two.send().await.code(), "csrf_failed");
        let strange = upgrade().header("sec-fetch-site", "cross-site").send().await;
        assert_eq!(strange.code(), "csrf_failed", "without an Origin, Fetch Metadata decides");
        // A WebSocket request cannot carry custom headers, so it needs no token.
        assert_eq!((ours.send().await.text, upgrade().send().await.text), (ADA.to_owned(), ADA.to_owned()));
    }
    let plain = ada.call(&Method::GET, "/live").header("origin", "https://evil").send().await;
    assert_eq!(plain.status, 200, "a plain GET changes nothing and may come from anywhere");
}

#[tokio::test]
async fn finding_v13_a_foreign_page_opens_no_websocket() {
    let live = Router::new().route("/live", get(async |user: User| user.email));
    let app = embedded(|_| {}, live).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    let upgrade = ada.call(&Method::GET, "/live").header("upgrade", "websocket");
    assert_eq!(upgrade.header("origin", "https://evil").send().await.code(), "csrf_failed");
}
