//! `POST /api/password/reset/`, `…/check/` and `…/confirm/`

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::flow::account::password_reset::{self, Choice};
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::Detail;
use crate::http::wire::Token;
use crate::http::wire::{Accepted, Address};
use crate::mail::outbox::Occasion;
use crate::model::social::Identity;

/// A link's token and the password to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewPassword {
    /// The text behind `#token=` in the link.
    token: String,
    /// The password to come.
    #[schema(format = Password)]
    password: String,
    /// The ids of the linked accounts that stay, as `check` tells them. Without it, those stay that `check` calls kept.
    keep_identities: Option<Vec<String>>,
}

/// The account whose password a link sets.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ResetView {
    /// The account's address.
    email: String,
    /// Its linked accounts, oldest first.
    identities: Vec<RecoveredIdentityView>,
}

/// A linked account of somebody who takes their account back.
#[derive(Serialize, ToSchema)]
struct RecoveredIdentityView {
    /// To keep it by.
    id: String,
    /// The provider's id.
    provider: String,
    /// The name that its owner knows it by.
    label: String,
    /// Since when it opens this account.
    #[schema(value_type = String, format = DateTime)]
    linked_at: Timestamp,
    /// True if it stays unless `keep_identities` says otherwise.
    kept: bool,
}

impl From<(Identity, bool)> for RecoveredIdentityView {
    fn from((identity, kept): (Identity, bool)) -> Self {
        let Identity { id, provider, label, linked_at, .. } = identity;
        Self { id, provider, label, linked_at, kept }
    }
}

/// Ask for a link to set a new password
///
/// The answer is the same whether or not the address has an account; only one that has gets a mail.
#[utoipa::path(
    post,
    operation_id = "password_reset",
    path = "/api/password/reset/",
    tag = "password",
    request_body = Address,
    responses((status = 202, body = Accepted)),
)]
pub(in crate::http) async fn reset(
    visit: Visit,
    occasion: Occasion,
    Json(address): Json<Address>,
) -> Result<(StatusCode, Json<Accepted>)> {
    password_reset::start(visit.context(), visit.visitor(), &occasion, &address.email)
        .await
        .map(Accepted::reply)
}

/// Look at a link
///
/// Tells whose password it sets and which linked accounts stay, and uses nothing up.
#[utoipa::path(
    post,
    operation_id = "password_reset_check",
    path = "/api/password/reset/check/",
    tag = "password",
    request_body = Token,
    responses(
        (status = 200, body = ResetView),
        (status = 403, description = "account_inactive"),
        (status = 410, description = "token_invalid"),
    ),
)]
pub(in crate::http) async fn check(
    visit: Visit,
    Json(Token { token }): Json<Token>,
) -> Result<Json<ResetView>> {
    let outlook = password_reset::check(visit.context(), &token).await?;
    let identities = outlook.identities.into_iter().map(RecoveredIdentityView::from).collect();
    Ok(Json(ResetView { email: outlook.email, identities }))
}

/// Set a new password
///
/// Ends every session of that user, unlinks what an intruder may have linked, and does not sign in.
#[utoipa::path(
    post,
    operation_id = "password_reset_confirm",
    path = "/api/password/reset/confirm/",
    tag = "password",
    request_body = NewPassword,
    responses(
        (status = 200, body = Detail),
        (status = 403, description = "account_inactive"),
        (status = 410, description = "token_invalid"),
    ),
)]
pub(in crate::http) async fn confirm(
    visit: Visit,
    occasion: Occasion,
    Json(new): Json<NewPassword>,
) -> Result<(Option<SetCookies>, Json<Detail>)> {
    let choice = Choice {
        token: &new.token,
        password: &new.password,
        keep_identities: new.keep_identities.as_deref(),
    };
    password_reset::confirm(visit.context(), visit.arrival(&occasion).await?, choice).await?;
    Ok((visit.farewell().await, Json(Detail { detail: "Password reset" })))
}
