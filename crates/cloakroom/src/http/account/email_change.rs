//! `POST /api/email/change/`, `…/check/`, `…/confirm/`, `…/undo/check/` and `…/undo/`

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::flow::account::email_change;
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::Detail;
use crate::http::wire::{Accepted, Address};
use crate::http::wire::{AddressView, Token};
use crate::mail::outbox::Occasion;

/// Ask for another email address
///
/// Needs a recent proof of identity. The new address gets a link to confirm it; the old one is told, and can undo it.
#[utoipa::path(
    post,
    operation_id = "email_change",
    path = "/api/email/change/",
    tag = "email",
    request_body = Address,
    responses(
        (status = 202, body = Accepted),
        (status = 403, description = "reauthentication_required"),
    ),
)]
pub(in crate::http) async fn change(
    visit: Visit,
    occasion: Occasion,
    Json(address): Json<Address>,
) -> Result<(StatusCode, Json<Accepted>)> {
    email_change::start(visit.context(), visit.authenticated(&occasion).await?, &address.email)
        .await
        .map(Accepted::reply)
}

/// Look at a link that confirms
///
/// Tells the new address, and uses nothing up.
#[utoipa::path(
    post,
    operation_id = "email_change_check",
    path = "/api/email/change/check/",
    tag = "email",
    request_body = Token,
    responses(
        (status = 200, body = AddressView),
        (status = 410, description = "token_invalid"),
    ),
)]
pub(in crate::http) async fn check(
    visit: Visit,
    Json(Token { token }): Json<Token>,
) -> Result<Json<AddressView>> {
    let email = email_change::check(visit.context(), &token).await?;
    Ok(Json(AddressView { email }))
}

/// Confirm the new address
///
/// Needs a session of the account that asked for it.
#[utoipa::path(
    post,
    operation_id = "email_change_confirm",
    path = "/api/email/change/confirm/",
    tag = "email",
    request_body = Token,
    responses(
        (status = 200, body = Detail),
        (status = 409, description = "other_user_signed_in, email_taken"),
        (status = 410, description = "token_invalid"),
    ),
)]
pub(in crate::http) async fn confirm(
    visit: Visit,
    occasion: Occasion,
    Json(Token { token }): Json<Token>,
) -> Result<Json<Detail>> {
    email_change::confirm(visit.context(), visit.authenticated(&occasion).await?, &token).await?;
    Ok(Json(Detail { detail: "Email address changed" }))
}

/// The addresses of a change that can be undone.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct UndoView {
    /// The address that the account gets back.
    email: String,
    /// The address that the change was to.
    new_email: String,
}

/// Look at a link that undoes
///
/// Tells the addresses of the change, and uses nothing up.
#[utoipa::path(
    post,
    operation_id = "email_change_undo_check",
    path = "/api/email/change/undo/check/",
    tag = "email",
    request_body = Token,
    responses((status = 200, body = UndoView), (status = 410, description = "token_invalid")),
)]
pub(in crate::http) async fn check_undo(
    visit: Visit,
    Json(Token { token }): Json<Token>,
) -> Result<Json<UndoView>> {
    let (email, new_email) = email_change::check_undo(visit.context(), &token).await?;
    Ok(Json(UndoView { email, new_email }))
}

/// Take the old address back
///
/// Good for 72 hours. Voids the password, unlinks what an intruder may have linked, ends every session, and mails the old address a link to set a new password.
#[utoipa::path(
    post,
    operation_id = "email_change_undo",
    path = "/api/email/change/undo/",
    tag = "email",
    request_body = Token,
    responses(
        (status = 200, body = Detail),
        (status = 409, description = "email_taken"),
        (status = 410, description = "token_invalid"),
    ),
)]
pub(in crate::http) async fn undo(
    visit: Visit,
    occasion: Occasion,
    Json(Token { token }): Json<Token>,
) -> Result<(Option<SetCookies>, Json<Detail>)> {
    email_change::undo(visit.context(), visit.arrival(&occasion).await?, &token).await?;
    Ok((visit.farewell().await, Json(Detail { detail: "Email address restored" })))
}
