//! The fake GitHub, Google and Facebook of `cloakroom dev`, at `/dev/idp/…`. `serve` never starts them.

use axum::Router;
use axum::routing::any;
use cloakroom::Config;
use cloakroom_edge::problem;
use cloakroom_fake_provider::{FakeProvider, Kind};

use crate::Failure;

/// Adds a fake provider to the configuration for each one that the environment does not configure.
pub(crate) fn register(config: &mut Config, port: u16) -> Result<Vec<(Kind, FakeProvider)>, Failure> {
    let mut registered = Vec::new();
    for kind in Kind::ALL {
        if config.provider.iter().any(|provider| provider.id == kind.id()) {
            continue;
        }
        let base = format!("http://localhost:{port}/dev/idp/{}", kind.id());
        let provider = FakeProvider::new(kind, &base, config.public_url.origin());
        let mut settings = provider.configuration();
        // The fake people are the same at every port.
        settings["same_subjects"] = true.into();
        let settings = serde_json::from_value(settings);
        config.provider.push(settings.map_err(|error| Failure::Refused(error.to_string()))?);
        registered.push((kind, provider));
    }
    Ok(registered)
}

/// Returns the routes of the fake providers. They stand for other machines, so no layer of the cloakroom is around them.
pub(crate) fn router(providers: &[(Kind, FakeProvider)]) -> Router {
    let nothing = any(async || problem::not_found());
    let router = Router::new().route("/dev/idp/{*rest}", nothing);
    providers.iter().fold(router, |router, (kind, provider)| {
        router.nest(&format!("/dev/idp/{}", kind.id()), provider.router())
    })
}

/// Returns the routes for `serve`: nothing is under `/dev`, not even the app.
pub(crate) fn nothing() -> Router {
    let nothing = any(async || problem::not_found());
    Router::new()
        .route("/dev", nothing.clone())
        .route("/dev/", nothing.clone())
        .route("/dev/{*rest}", nothing)
}
