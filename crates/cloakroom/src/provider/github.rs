//! GitHub, and GitHub Enterprise with other endpoints. The address in `/user` is the public one and may be anything. So only
//! `/user/emails` counts: the primary address, and GitHub's own flag whether it is verified.

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
    let mut claims = Claims::new(access.userinfo(&[]).await?, "id")?;
    claims.name = claims.text("name");
    claims.username = claims.text("login");
    let emails = match access.emails().await {
        // A person may withhold the scope: then there is no address, and that is no failure.
        Err(Failure::Rejected(_)) => return Ok(claims),
        emails => emails?,
    };
    let primary = emails.as_array().into_iter().flatten().find(|email| email["primary"] == true);
    claims.email = primary.and_then(|email| email["email"].as_str()).map(Into::into);
    claims.email_verified = primary.is_some_and(|email| email["verified"] == true);
    Ok(claims)
}
