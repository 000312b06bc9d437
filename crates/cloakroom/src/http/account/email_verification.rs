//! `POST /api/email/verify/check/` and `POST /api/email/verify/`

use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::flow::account::email_verification::{self, Proof};
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::LoggedIn;
use crate::http::wire::{AddressView, Token};
use crate::mail::outbox::Occasion;

/// A proof that a mailbox is one's own: the link's token, or address and code in the browser that signed up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MailboxProof {
    /// The text behind `#token=` in the link.
    token: Option<String>,
    /// With the token, in another browser than the one that signed up: it becomes the account's.
    #[schema(format = Password)]
    password: Option<String>,
    /// With the code.
    email: Option<String>,
    /// The six digits of the mail.
    code: Option<String>,
}

/// Look at a link
///
/// Tells which address it proves, and uses nothing up.
#[utoipa::path(
    post,
    operation_id = "email_verify_check",
    path = "/api/email/verify/check/",
    tag = "signup",
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
    let email = email_verification::check(visit.context(), &token).await?;
    Ok(Json(AddressView { email }))
}

/// Prove an address
///
/// Makes the account and signs its owner in.
#[utoipa::path(
    post,
    operation_id = "email_verify",
    path = "/api/email/verify/",
    tag = "signup",
    request_body = MailboxProof,
    responses(
        (status = 200, body = LoggedIn),
        (status = 400, description = "invalid_code"),
        (status = 403, description = "password_required, signup_closed, not_allowed, account_inactive"),
        (status = 409, description = "other_user_signed_in, identity_taken"),
        (status = 410, description = "token_invalid"),
    ),
)]
pub(in crate::http) async fn verify(
    visit: Visit,
    occasion: Occasion,
    Json(proof): Json<MailboxProof>,
) -> Result<(Option<SetCookies>, Json<LoggedIn>)> {
    let proof = Proof {
        token: proof.token.as_deref(),
        password: proof.password.as_deref(),
        email: proof.email.as_deref(),
        code: proof.code.as_deref(),
    };
    let outcome = email_verification::verify(visit.context(), visit.arrival(&occasion).await?, proof).await?;
    LoggedIn::reply(&visit, outcome)
}
