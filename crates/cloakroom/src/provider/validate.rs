//! Validates `[[provider]]`.

use std::collections::BTreeSet;

use url::Url;

use super::{IssuerKind, KindOfProtocol, check_private_key, is_safe, kind, kinds};
use crate::config::{Complaint, Provider};

/// Path segments under `/api/social/` that are not providers.
const RESERVED_IDS: [&str; 3] = ["link", "email", "identities"];

/// Complains about providers that nobody could sign in with, or that would be unsafe.
pub(crate) fn validate(providers: &[Provider]) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    for (index, provider) in providers.iter().enumerate() {
        let mut complain =
            |key: &str, told: String| found.push(Complaint::new(format!("provider.{index}.{key}"), told));
        let id = provider.id.as_str();
        let is_segment = !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_segment || RESERVED_IDS.contains(&id) {
            complain(
                "id",
                format!(
                    "`{id}` cannot be a path segment here: use a-z, 0-9 and -, not {}",
                    RESERVED_IDS.join(", ")
                ),
            );
        }
        if !ids.insert(id) {
            complain("id", format!("`{id}` appears twice"));
        }
        for (key, complaint) in of_kind(provider) {
            complain(key, complaint);
        }
        if provider.client_id.is_empty() {
            complain("client_id", "is needed".into());
        }
        for (key, url) in endpoints(provider) {
            if !Url::parse(url).is_ok_and(|url| is_safe(&url)) {
                complain(
                    key,
                    format!(
                        "`{url}` must be an https URL (http only on loopback): codes and tokens go there"
                    ),
                );
            }
        }
    }
    found
}

/// Returns the complaints that depend on the provider's kind. Needs differ, and a key that a kind never reads protects nobody.
fn of_kind(provider: &Provider) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let Some(kind) = kind(provider) else {
        let known = kinds().collect::<Vec<_>>().join(", ");
        let name = provider.kind.as_deref().unwrap_or(&provider.id);
        let complaint = format!("`{name}` is not one of {known}; whoever speaks OpenID Connect is `oidc`");
        return vec![("kind", complaint)];
    };
    let issuer = match kind.protocol {
        KindOfProtocol::OpenId(issuer) => Some(issuer),
        KindOfProtocol::OAuth2(_) => None,
    };
    if let Some(IssuerKind::Configured(example) | IssuerKind::WithSlash(example)) = issuer
        && provider.issuer.is_none()
    {
        found.push(("issuer", format!("is needed for this kind, as in {example}")));
    }
    let is_by_tenant = matches!(issuer, Some(IssuerKind::ByTenant(_)));
    let unused = [
        ("tenants", provider.tenants.is_some() && !is_by_tenant),
        ("discovery_url", provider.discovery_url.is_some() && issuer.is_none()),
        ("team_id", provider.team_id.is_some() && !kind.quirks.signs_secret),
        ("key_id", provider.key_id.is_some() && !kind.quirks.signs_secret),
        ("private_key", provider.private_key.is_some() && !kind.quirks.signs_secret),
    ];
    for (key, _) in unused.into_iter().filter(|(_, is_unused)| *is_unused) {
        found.push((key, format!("is not for the kind `{}`", kind.name)));
    }
    if provider.tenants.as_ref().is_some_and(Vec::is_empty) {
        found.push(("tenants", "is empty: leave it out to let every tenant in".into()));
    }
    if provider.client_secret.as_ref().is_some_and(|secret| !secret.expose().is_empty()) {
        return found;
    }
    if !kind.quirks.signs_secret {
        found.push(("client_secret", "is needed (or client_secret_file)".into()));
        return found;
    }
    for (key, value) in [("team_id", &provider.team_id), ("key_id", &provider.key_id)] {
        if value.as_deref().is_none_or(str::is_empty) {
            found.push((key, "is needed to sign the client secret".into()));
        }
    }
    match &provider.private_key {
        None => {
            found.push(("private_key", "is needed to sign the client secret (or private_key_file)".into()));
        }
        Some(key) => found.extend(check_private_key(key).err().map(|complaint| ("private_key", complaint))),
    }
    found
}

fn endpoints(provider: &Provider) -> impl Iterator<Item = (&'static str, &str)> {
    let keys = [
        ("authorize_url", &provider.authorize_url),
        ("token_url", &provider.token_url),
        ("userinfo_url", &provider.userinfo_url),
        ("emails_url", &provider.emails_url),
        ("issuer", &provider.issuer),
        ("discovery_url", &provider.discovery_url),
    ];
    keys.into_iter().filter_map(|(key, url)| Some((key, url.as_deref()?)))
}
