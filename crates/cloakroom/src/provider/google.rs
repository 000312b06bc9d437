//! Google by endpoints alone, as Python Social Auth's `google-oauth2` speaks to it: whoever sets all three of them and no
//! issuer has nothing that could be discovered, keys included, so the profile is asked for instead of an ID token.

use super::Failure;
use super::oauth2::{Access, Preset};
use super::profile::Claims;
use crate::config::{self, TrustEmail};

pub(super) static PRESET: Preset = Preset {
    authorize_url: "https://accounts.google.com/o/oauth2/v2/auth",
    token_url: "https://oauth2.googleapis.com/token",
    userinfo_url: "https://openidconnect.googleapis.com/v1/userinfo",
    scopes: super::oidc::SCOPES,
    trust_email: TrustEmail::Verified,
    // Only an ID token would say when the person signed in there.
    fresh: None,
    read: |access| Box::pin(read(access)),
};

/// Whether these settings leave nothing to discover.
pub(super) fn is_by_endpoints(settings: &config::Provider) -> bool {
    let endpoints = [&settings.authorize_url, &settings.token_url, &settings.userinfo_url];
    settings.issuer.is_none() && endpoints.into_iter().all(Option::is_some)
}

async fn read(access: &Access<'_>) -> Result<Claims, Failure> {
    let mut claims = Claims::new(access.userinfo(&[]).await?, "sub")?;
    claims.email = claims.text("email");
    claims.email_verified = claims.told["email_verified"] == true;
    claims.name = claims.text("name");
    Ok(claims)
}
