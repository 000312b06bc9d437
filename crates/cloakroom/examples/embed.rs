//! A cloakroom inside an app of your own.

use axum::{Router, middleware::from_extractor, routing::get};
use cloakroom::{Cloakroom, Staff, User};
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cloakroom = Cloakroom::open("cloakroom.toml").await?;
    let reports =
        Router::new().route("/reports", get("For staff only.")).route_layer(from_extractor::<Staff>());
    let app = Router::new()
        .route("/me", get(async |user: User| format!("Hello {}", user.email)))
        .route("/", get(async |user: Option<User>| user.map_or("Hello guest".into(), |user| user.email)))
        .merge(reports)
        .merge(cloakroom.router())
        .layer(cloakroom.layer());
    let listener = tokio::net::TcpListener::bind(cloakroom.config().listen.0).await?;
    Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
}
