//! `POST /api/signup/` and `POST /api/signup/resend/`

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::flow::signup::{self, Registration};
use crate::http::json::Json;
use crate::http::login::Credentials;
use crate::http::visit::Visit;
use crate::mail::outbox::Occasion;

/// An email address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    /// As its owner spells it.
    #[serde(default)]
    #[schema(required, min_length = 1)]
    pub(super) email: String,
}

/// A mail is on its way, if there is one to send: the answer is the same whether or not the address has an account.
#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    /// `Check your mail`
    detail: &'static str,
    /// From when on a page offers to send it again.
    #[schema(value_type = String, format = DateTime)]
    resend_at: Timestamp,
}

impl Accepted {
    pub(super) fn reply(resend_at: Timestamp) -> (StatusCode, Json<Self>) {
        (StatusCode::ACCEPTED, Json(Self { detail: "Check your mail", resend_at }))
    }
}

/// Sign up
///
/// Mails a link and a code. There is no account and no session until the address is proven with one of them.
#[utoipa::path(post, operation_id = "signup", path = "/api/signup/", tag = "signup", request_body = Credentials, responses((status = 202, body = Accepted), (status = 403, description = "signup_closed")))]
pub(super) async fn signup(
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
#[utoipa::path(post, operation_id = "signup_resend", path = "/api/signup/resend/", tag = "signup", request_body = Address, responses((status = 202, body = Accepted), (status = 403, description = "signup_closed")))]
pub(super) async fn resend(
    visit: Visit,
    occasion: Occasion,
    Json(address): Json<Address>,
) -> Result<(StatusCode, Json<Accepted>)> {
    signup::resend(visit.context(), visit.visitor(), &occasion, &address.email).await.map(Accepted::reply)
}
