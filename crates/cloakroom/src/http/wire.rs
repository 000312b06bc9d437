//! Shapes that several calls share.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::config::Provider;
use crate::flow::sign_in::login::SignedIn;
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::model::user::User;

/// What was done, in a word.
#[derive(Serialize, ToSchema)]
pub(super) struct Detail {
    /// A word or two; programs look at the status.
    pub(super) detail: &'static str,
}

/// An email address and the password of its account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// In any spelling of the address.
    #[serde(default)]
    #[schema(required, min_length = 1)]
    pub(super) email: String,
    /// To the byte as it was chosen.
    #[serde(default)]
    #[schema(required, format = Password, min_length = 1)]
    pub(super) password: String,
}

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

/// The token of a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// What stands behind `#token=`.
    pub(super) token: String,
}

/// Whose link it is.
#[derive(Serialize, ToSchema)]
pub(super) struct AddressView {
    /// The address, as its owner spells it.
    pub(super) email: String,
}

/// What comes after the password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Next {
    /// Nothing: signed in.
    Done,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct LoggedIn {
    /// `Success`
    detail: &'static str,
    next: Next,
    user: User,
}

impl LoggedIn {
    /// The ticket in its cookie, and whose it is.
    pub(super) fn reply(visit: &Visit, signed_in: SignedIn) -> (SetCookies, Json<Self>) {
        let cookies = SetCookies::signed_in(visit, &signed_in.ticket);
        (cookies, Json(Self { detail: "Success", next: Next::Done, user: signed_in.user }))
    }
}

/// A provider of social login.
#[derive(Serialize, ToSchema)]
pub(super) struct ProviderView {
    id: String,
    name: String,
}

impl From<&Provider> for ProviderView {
    fn from(provider: &Provider) -> Self {
        Self { id: provider.id.clone(), name: provider.display_name().to_owned() }
    }
}
