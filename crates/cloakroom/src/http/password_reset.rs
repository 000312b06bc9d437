//! `POST /api/password/reset/`, `…/check/` and `…/confirm/`

use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::flow::password_reset;
use crate::http::cookies::SetCookies;
use crate::http::email_verification::{AddressView, Token};
use crate::http::json::Json;
use crate::http::login::Detail;
use crate::http::signup::{Accepted, Address};
use crate::http::visit::Visit;
use crate::mail::outbox::Occasion;

/// A link's token and the password to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// What stands behind `#token=`.
    token: String,
    /// The password to come.
    #[schema(format = Password)]
    password: String,
}

/// Ask for a link to set a new password
///
/// The answer is the same whether or not the address has an account; only one that has gets a mail.
#[utoipa::path(post, operation_id = "password_reset", path = "/api/password/reset/", tag = "password", request_body = Address, responses((status = 202, body = Accepted)))]
pub(super) async fn reset(
    visit: Visit,
    occasion: Occasion,
    Json(address): Json<Address>,
) -> Result<(StatusCode, Json<Accepted>)> {
    password_reset::start(visit.cloakroom(), visit.visitor(), &occasion, &address.email)
        .await
        .map(Accepted::reply)
}

/// Look at a link
///
/// Tells whose password it sets, and uses nothing up.
#[utoipa::path(post, operation_id = "password_reset_check", path = "/api/password/reset/check/", tag = "password", request_body = Token, responses((status = 200, body = AddressView), (status = 403, description = "account_inactive"), (status = 410, description = "token_invalid")))]
pub(super) async fn check(visit: Visit, Json(Token { token }): Json<Token>) -> Result<Json<AddressView>> {
    let email = password_reset::check(visit.cloakroom(), &token).await?;
    Ok(Json(AddressView { email }))
}

/// Set a new password
///
/// Ends every session of that user, and does not sign in.
#[utoipa::path(post, operation_id = "password_reset_confirm", path = "/api/password/reset/confirm/", tag = "password", request_body = NewPassword, responses((status = 200, body = Detail), (status = 403, description = "account_inactive"), (status = 410, description = "token_invalid")))]
pub(super) async fn confirm(
    visit: Visit,
    occasion: Occasion,
    Json(new): Json<NewPassword>,
) -> Result<(Option<SetCookies>, Json<Detail>)> {
    password_reset::confirm(visit.cloakroom(), &occasion, &new.token, &new.password).await?;
    Ok((visit.farewell().await, Json(Detail { detail: "Password reset" })))
}
