//! `POST /api/signup/` and `POST /api/signup/resend/`

use http::StatusCode;

use crate::error::Result;
use crate::flow::account::signup::{self, Registration};
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::Credentials;
use crate::http::wire::{Accepted, Address};
use crate::mail::outbox::Occasion;

/// Sign up
///
/// Mails a link and a code. There is no account and no session until the address is proven with one of them.
#[utoipa::path(
    post,
    operation_id = "signup",
    path = "/api/signup/",
    tag = "signup",
    request_body = Credentials,
    responses((status = 202, body = Accepted), (status = 403, description = "signup_closed")),
)]
pub(in crate::http) async fn signup(
    visit: Visit,
    occasion: Occasion,
    Json(credentials): Json<Credentials>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let Credentials { email, password } = &credentials;
    let registration = Registration { email, password };
    signup::start(visit.context(), visit.visitor(), &occasion, registration).await.map(Accepted::reply)
}

/// Send the signup's mail again
///
/// Acts on the pending signup of this browser only. The link and the code of the mail before are void.
#[utoipa::path(
    post,
    operation_id = "signup_resend",
    path = "/api/signup/resend/",
    tag = "signup",
    request_body = Address,
    responses((status = 202, body = Accepted), (status = 403, description = "signup_closed")),
)]
pub(in crate::http) async fn resend(
    visit: Visit,
    occasion: Occasion,
    Json(address): Json<Address>,
) -> Result<(StatusCode, Json<Accepted>)> {
    signup::resend(visit.context(), visit.visitor(), &occasion, &address.email).await.map(Accepted::reply)
}
