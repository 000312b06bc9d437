//! The least that an axum server can do: one route that answers with bytes in hand.
//!
//! `bare ADDRESS BODY` answers `GET /api/users/profile/` with BODY as JSON; `GET /readyz` says that it runs.

use axum::Router;
use axum::http::header;
use axum::routing::get;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(body)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bare ADDRESS BODY".into());
    };
    let body: &'static str = body.leak();
    let profile = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    let app = Router::new().route("/api/users/profile/", get(profile)).route("/readyz", get(async || "ok"));
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
