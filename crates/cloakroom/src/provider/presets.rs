//! The kinds of provider, each by the name that `kind` has in the configuration.

use crate::config;
use crate::provider::oauth2::Preset;
use crate::provider::{facebook, github, google};

/// What a kind speaks.
pub(crate) enum Protocol {
    /// OAuth 2.0, and a profile that only a file of ours can read.
    OAuth2(&'static Preset),
    /// OpenID Connect: everything is discovered from the issuer.
    OpenId { issuer: Option<&'static str> },
}

#[rustfmt::skip]
static KINDS: [(&str, Protocol); 4] = [
    ("github",   Protocol::OAuth2(&github::PRESET)),
    ("google",   Protocol::OpenId { issuer: Some("https://accounts.google.com") }),
    ("facebook", Protocol::OAuth2(&facebook::PRESET)),
    ("oidc",     Protocol::OpenId { issuer: None }),
];

static GOOGLE_BY_ENDPOINTS: Protocol = Protocol::OAuth2(&google::PRESET);

/// The names of all kinds.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// What a provider speaks; `None` for a kind that is not known.
pub(crate) fn kind(provider: &config::Provider) -> Option<&'static Protocol> {
    let name = match &provider.kind {
        Some(kind) => kind,
        // The name that users of Python Social Auth have in their links.
        None if provider.id == "google-oauth2" => "google",
        None => &provider.id,
    };
    if name == "google" && google::is_by_endpoints(provider) {
        return Some(&GOOGLE_BY_ENDPOINTS);
    }
    KINDS.iter().find(|(known, _)| *known == name).map(|(_, protocol)| protocol)
}
