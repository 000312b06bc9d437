//! `POST /api/social/link/` and `POST /api/social/link/code/`

use axum::extract::{FromRequest, Request};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::{Error, Invalid, Result};
use crate::flow::social::link::{self, Proof};
use crate::http::cookies::SetCookies;
use crate::http::json::{self, Json, Nothing};
use crate::http::rejection::{self, Rejection};
use crate::http::social::SocialReply;
use crate::http::visit::Visit;
use crate::http::wire::Accepted;
use crate::mail::outbox::Occasion;

/// A proof of the account that is to be linked: its password, or a mailed code; with neither, the proof is being signed
/// in to it.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AccountProof {
    /// The account's password.
    #[schema(format = Password)]
    password: Option<String>,
    /// Six digits.
    code: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for AccountProof {
    type Rejection = Rejection;

    async fn from_request(request: Request, _state: &S) -> rejection::Result<Self> {
        Ok(json::optional(request).await?.unwrap_or_default())
    }
}

/// Link the identity that waits
///
/// Proves the existing account, links the provider's to it, and signs in.
#[utoipa::path(
    post,
    path = "/api/social/link/",
    tag = "social",
    request_body(content = Option<AccountProof>),
    responses(
        (status = 200, body = SocialReply),
        (status = 400, description = "invalid_credentials, invalid_code, state_missing"),
        (status = 403, description = "account_inactive, not_allowed, reauthentication_required"),
        (status = 409, description = "identity_taken, other_user_signed_in"),
        (status = 429, description = "rate_limited"),
    ),
)]
pub(in crate::http) async fn link(
    visit: Visit,
    occasion: Occasion,
    proof: AccountProof,
) -> Result<(Option<SetCookies>, Json<SocialReply>)> {
    let proof = match (&proof.password, &proof.code) {
        (Some(password), None) => Proof::Password(password),
        (None, Some(code)) => Proof::Code(code),
        (None, None) => Proof::Session,
        (Some(_), Some(_)) => {
            let both = Invalid::new("code", "invalid", "Send the password or the code, not both.");
            return Err(Error::Validation(vec![both]));
        }
    };
    let finished = link::link(visit.context(), visit.arrival(&occasion).await?, proof).await?;
    SocialReply::of(&visit, finished)
}

/// Mail a code to the account that is to be linked
///
/// For somebody without a password. The code before is void.
#[utoipa::path(
    post,
    path = "/api/social/link/code/",
    tag = "social",
    responses(
        (status = 202, body = Accepted),
        (status = 400, description = "state_missing"),
        (status = 403, description = "account_inactive"),
    ),
)]
pub(in crate::http) async fn send_code(
    visit: Visit,
    occasion: Occasion,
    _: Nothing,
) -> Result<(StatusCode, Json<Accepted>)> {
    link::send_code(visit.context(), visit.arrival(&occasion).await?).await.map(Accepted::reply)
}
