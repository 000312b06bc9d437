//! An axum app with our pages beside its own, and the tools of development.

use std::{net::SocketAddr, path::Path};

use axum::{Router, response::Html, routing::get};
use cloakroom::{Cloakroom, Config, User};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In production: `Cloakroom::open("cloakroom.toml")`, without the line on development below.
    let data = Path::new("cloakroom-data");
    std::fs::create_dir_all(data)?;
    let cloakroom = Cloakroom::new(Config::development(data, 3000)?).await?;
    let app = Router::new()
        .route("/", get(home))
        .merge(cloakroom.router())
        .merge(cloakroom.pages())
        .layer(cloakroom.layer())
        .merge(cloakroom.development().await?);
    let listener = tokio::net::TcpListener::bind(cloakroom.config().listen.0).await?;
    println!("Open {}", cloakroom.config().public_url.origin());
    Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
}

async fn home(user: Option<User>) -> Html<String> {
    let text = user.map(|user| html_escape::encode_text(&user.email).into_owned());
    Html(match text {
        Some(email) => format!("<h1>Hello {email}</h1><a href=\"/account\">Your account</a>"),
        None => "<h1>Hello guest</h1><a href=\"/login\">Sign in</a>".to_owned(),
    })
}
