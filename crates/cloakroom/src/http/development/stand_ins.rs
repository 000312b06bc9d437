//! Stand-ins for GitHub, Google and Facebook, at `/dev/idp/…`.

use axum::Router;
use axum::routing::any;
use cloakroom_fake_provider::{FakeProvider, Kind};

use crate::config::{Config, Provider};
use crate::error::{Error, Result};

/// Returns the address of a stand-in. It is at `localhost`, whatever `public_url` is: another site, as a real one would be.
fn base(config: &Config, kind: Kind) -> String {
    format!("http://localhost:{}/dev/idp/{}", config.listen.0.port(), kind.id())
}

fn stand_in(config: &Config, kind: Kind) -> FakeProvider {
    FakeProvider::new(kind, &base(config, kind), config.public_url.origin())
}

/// Adds a stand-in to the configuration for each provider that it does not set up.
pub(super) fn register(config: &mut Config) -> Result<()> {
    for kind in Kind::ALL {
        if config.provider.iter().any(|provider| provider.id == kind.id()) {
            continue;
        }
        let mut settings = stand_in(config, kind).configuration();
        // The people are the same at every port.
        settings["same_subjects"] = true.into();
        config.provider.push(serde_json::from_value(settings).map_err(Error::internal)?);
    }
    Ok(())
}

/// Returns the stand-ins among the providers of a configuration.
pub(super) fn of(config: &Config) -> Vec<FakeProvider> {
    let is_used =
        |kind: &Kind| config.provider.iter().any(|provider| leads_to(provider, &base(config, *kind)));
    Kind::ALL.into_iter().filter(is_used).map(|kind| stand_in(config, kind)).collect()
}

fn leads_to(provider: &Provider, base: &str) -> bool {
    let authorize = provider.authorize_url.as_deref().and_then(|url| url.strip_suffix("/authorize"));
    authorize.or(provider.issuer.as_deref()) == Some(base)
}

/// Returns the routes. They stand for other machines, so they belong outside of the cloakroom's layer.
pub(super) fn router(stand_ins: &[FakeProvider]) -> Router {
    let nothing = any(async || Error::NotFound);
    let router = Router::new().route("/dev/idp/{*rest}", nothing);
    stand_ins.iter().fold(router, |router, stand_in| {
        router.nest(&format!("/dev/idp/{}", stand_in.kind().id()), stand_in.router())
    })
}
