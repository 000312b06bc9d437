//! Facebook's Graph API. It says nothing on whether an address is verified, so none is by default, and every call proves
//! with `appsecret_proof` that it comes from whoever has the client secret.

use super::Failure;
use super::oauth2::{Access, Preset};
use super::profile::Claims;
use crate::config::TrustEmail;

pub(super) static PRESET: Preset = Preset {
    authorize_url: "https://www.facebook.com/v24.0/dialog/oauth",
    token_url: "https://graph.facebook.com/v24.0/oauth/access_token",
    userinfo_url: "https://graph.facebook.com/v24.0/me",
    scopes: &["email", "public_profile"],
    trust_email: TrustEmail::Never,
    fresh: Some(("auth_type", "reauthenticate")),
    read: |access| Box::pin(read(access)),
};

async fn read(access: &Access<'_>) -> Result<Claims, Failure> {
    let proof = access.client_proof(access.token.expose());
    let fields = [("fields", "id,name,email"), ("appsecret_proof", &proof)];
    let mut claims = Claims::new(access.userinfo(&fields).await?, "id")?;
    claims.name = claims.text("name");
    claims.email = claims.text("email");
    Ok(claims)
}
