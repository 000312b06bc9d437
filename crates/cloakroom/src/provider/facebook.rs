//! Facebook's Graph API. It does not say whether an address is verified, so none is by default. Every call proves with
//! `appsecret_proof` that the caller has the client secret.

use std::pin::Pin;

use super::Failure;
use super::oauth2::Access;
use super::profile::Claims;

/// Reads the profile.
pub(super) fn read<'a>(
    access: &'a Access<'a>,
) -> Pin<Box<dyn Future<Output = Result<Claims, Failure>> + Send + 'a>> {
    Box::pin(profile(access))
}

async fn profile(access: &Access<'_>) -> Result<Claims, Failure> {
    let proof = access.client_proof(access.token.expose());
    let fields = [("fields", "id,name,email"), ("appsecret_proof", &proof)];
    let mut claims = Claims::new(access.userinfo(&fields).await?, "id")?;
    claims.name = claims.text("name");
    claims.email = claims.text("email");
    Ok(claims)
}
