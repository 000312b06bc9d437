//! `POST /api/social/email/`

use http::StatusCode;

use crate::error::Result;
use crate::flow::social::email;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::{Accepted, Address};
use crate::mail::outbox::Occasion;

/// Tell an address for a social signup
///
/// Mails a link and a code; proving the address in this browser (`POST /api/email/verify/`) finishes the signup. The answer is the
/// same whether or not the address has an account.
#[utoipa::path(
    post,
    path = "/api/social/email/",
    tag = "social",
    request_body = Address,
    responses(
        (status = 202, body = Accepted),
        (status = 400, description = "state_missing"),
        (status = 403, description = "signup_closed"),
    ),
)]
pub(in crate::http) async fn email(
    visit: Visit,
    occasion: Occasion,
    Json(address): Json<Address>,
) -> Result<(StatusCode, Json<Accepted>)> {
    email::start(visit.context(), visit.arrival(&occasion).await?, &address.email).await.map(Accepted::reply)
}
