//! `GET /api/users/profile/`

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::http::json::json_response;
use crate::http::visit::Visit;

/// The article's profile: the shape of the bytes that a session keeps ready.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Profile {
    /// The account's id, a `UUIDv7`.
    id: String,
    /// The address as its owner spelled it.
    email: String,
    /// May see the administration.
    is_staff: bool,
    /// May do everything.
    is_superuser: bool,
}

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
