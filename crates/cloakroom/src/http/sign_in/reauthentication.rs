//! `POST /api/reauthenticate/`

use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::flow::sign_in::reauthentication;
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::LoggedIn;

/// The password of whoever is signed in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OwnPassword {
    /// To the byte as it was chosen.
    #[schema(format = Password)]
    password: String,
}

/// Prove once more who you are
///
/// For `session.recent` sensitive calls are open then. The session gets another cookie.
#[utoipa::path(
    post,
    path = "/api/reauthenticate/",
    tag = "login",
    request_body = OwnPassword,
    responses(
        (status = 200, body = LoggedIn),
        (status = 400, description = "invalid_credentials"),
        (status = 429, description = "rate_limited"),
    ),
)]
pub(in crate::http) async fn reauthenticate(
    visit: Visit,
    Json(own): Json<OwnPassword>,
) -> Result<(Option<SetCookies>, Json<LoggedIn>)> {
    let session = visit.require_session().await?;
    let outcome =
        reauthentication::with_password(visit.context(), visit.visitor(), session, &own.password).await?;
    LoggedIn::reply(&visit, outcome)
}
