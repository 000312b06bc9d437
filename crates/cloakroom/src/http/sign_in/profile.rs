//! `GET /api/users/profile/`

use axum::response::Response;

use crate::error::Result;
use crate::http::json::json_response;
use crate::http::visit::Visit;
use crate::model::user::Profile;

/// Read the signed-in user's profile
#[utoipa::path(
    get,
    path = "/api/users/profile/",
    tag = "session",
    responses((status = 200, body = Profile)),
)]
pub(in crate::http) async fn profile(visit: Visit) -> Result<Response> {
    Ok(json_response(visit.require_session().await?.profile.clone()))
}
