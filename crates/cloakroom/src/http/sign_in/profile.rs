//! `GET /api/users/profile/`

use axum::response::Response;

use crate::error::{Error, Result};
use crate::http::json::json_response;
use crate::http::visit::Visit;
use crate::model::user::Profile;

/// Who is signed in
#[utoipa::path(
    get,
    path = "/api/users/profile/",
    tag = "session",
    responses((status = 200, body = Profile)),
)]
pub(in crate::http) async fn profile(visit: Visit) -> Result<Response> {
    let live = visit.session().await?.ok_or(Error::NotAuthenticated)?;
    Ok(json_response(live.profile.clone()))
}
