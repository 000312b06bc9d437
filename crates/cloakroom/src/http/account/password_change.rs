//! `POST /api/password/change/` and `POST /api/password/set/`

use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::flow::account::password_change::{self, Passwords};
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::Detail;
use crate::mail::outbox::Occasion;

/// The present password and the one to come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PasswordChange {
    /// The present one.
    #[schema(format = Password)]
    current_password: String,
    /// The one to come.
    #[schema(format = Password)]
    new_password: String,
}

/// Change the password
///
/// Ends every other session; this one gets another cookie.
#[utoipa::path(
    post,
    operation_id = "password_change",
    path = "/api/password/change/",
    tag = "password",
    request_body = PasswordChange,
    responses(
        (status = 200, body = Detail),
        (status = 400, description = "invalid_credentials"),
        (status = 429, description = "rate_limited"),
    ),
)]
pub(in crate::http) async fn change(
    visit: Visit,
    occasion: Occasion,
    Json(change): Json<PasswordChange>,
) -> Result<(SetCookies, Json<Detail>)> {
    let passwords = Passwords { current: &change.current_password, new: &change.new_password };
    let signed_in =
        password_change::change(visit.context(), visit.authenticated(&occasion).await?, passwords).await?;
    Ok((SetCookies::signed_in(&visit, &signed_in.ticket), Json(Detail { detail: "Password changed" })))
}

/// A first password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct FirstPassword {
    /// The password to come.
    #[schema(format = Password)]
    new_password: String,
}

/// Set a first password
///
/// For an account without one, after a recent proof of identity. This session gets another cookie; the others go on.
#[utoipa::path(
    post,
    operation_id = "password_set",
    path = "/api/password/set/",
    tag = "password",
    request_body = FirstPassword,
    responses(
        (status = 200, body = Detail),
        (status = 403, description = "reauthentication_required"),
        (status = 409, description = "has_password"),
    ),
)]
pub(in crate::http) async fn set(
    visit: Visit,
    occasion: Occasion,
    Json(first): Json<FirstPassword>,
) -> Result<(SetCookies, Json<Detail>)> {
    let signed_in =
        password_change::set(visit.context(), visit.authenticated(&occasion).await?, &first.new_password)
            .await?;
    Ok((SetCookies::signed_in(&visit, &signed_in.ticket), Json(Detail { detail: "Password set" })))
}
