//! Shapes that several calls share.

use http::StatusCode;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::config::Provider;
use crate::error;
use crate::flow::sign_in::{Effect, Pending, SignIn, SignedIn};
use crate::http::cookies::SetCookies;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::model::user::User;

/// A word on what was done.
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
    /// `Check your email`
    detail: &'static str,
    /// The time from which a page offers to send it again.
    #[schema(value_type = String, format = DateTime)]
    resend_at: Timestamp,
}

impl Accepted {
    pub(super) fn reply(resend_at: Timestamp) -> (StatusCode, Json<Self>) {
        (StatusCode::ACCEPTED, Json(Self { detail: "Check your email", resend_at }))
    }
}

/// The token of a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// The text behind `#token=` in the link.
    pub(super) token: String,
}

/// The address that a link is for.
#[derive(Serialize, ToSchema)]
pub(super) struct AddressView {
    /// The address, as its owner spells it.
    pub(super) email: String,
}

/// The state of a sign-in.
#[derive(Clone, Copy)]
pub(super) enum SignInState {
    /// Nobody is signed in.
    Anonymous,
    /// Somebody is signed in.
    Authenticated,
    /// The sign-in is complete.
    Done,
    /// Somebody is signed in to an existing account.
    SignedIn,
    /// Somebody is signed in to an account that was made just now.
    SignedUp,
    /// The provider's account opens this one from now on.
    Linked,
    /// The address has an account. Once the person proves it, the two are linked.
    LinkRequired,
    /// The provider vouches for no address. The person must enter one and prove it.
    EmailRequired,
    /// A step of the embedding app asks for input.
    InputRequired,
}

impl SignInState {
    const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Authenticated,
        Self::Done,
        Self::SignedIn,
        Self::SignedUp,
        Self::Linked,
        Self::LinkRequired,
        Self::EmailRequired,
        Self::InputRequired,
    ];
    /// The states that the contract reserves for a second factor and for tasks, so that clients can handle them from the first
    /// version.
    const RESERVED: [&'static str; 2] = ["second_factor", "tasks"];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Authenticated => "authenticated",
            Self::Done => "done",
            Self::SignedIn => "signed_in",
            Self::SignedUp => "signed_up",
            Self::Linked => "linked",
            Self::LinkRequired => "link_required",
            Self::EmailRequired => "email_required",
            Self::InputRequired => "input_required",
        }
    }
}

impl From<Effect> for SignInState {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::None => Self::SignedIn,
            Effect::AccountMade => Self::SignedUp,
            Effect::IdentityLinked => Self::Linked,
        }
    }
}

impl From<&Pending> for SignInState {
    fn from(pending: &Pending) -> Self {
        match pending {
            Pending::Link { .. } => Self::LinkRequired,
            Pending::Email { .. } => Self::EmailRequired,
            Pending::Input { .. } => Self::InputRequired,
        }
    }
}

impl Serialize for SignInState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl utoipa::PartialSchema for SignInState {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let description = "The state of a sign-in: `next` after a sign-in with us, `result` after one by a provider, `state` of a session.";
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some(description))
            .enum_values(Some(Self::ALL.map(Self::as_str).into_iter().chain(Self::RESERVED)))
            .into()
    }
}

impl ToSchema for SignInState {}

/// The reply to a sign-in.
#[derive(Serialize, ToSchema)]
pub(super) struct LoggedIn {
    /// `Success`
    detail: &'static str,
    /// `done` when somebody is signed in; otherwise what the person must do first.
    next: SignInState,
    /// Only when signed in.
    #[schema(required)]
    user: Option<User>,
}

impl LoggedIn {
    /// Returns the ticket in its cookie, and its user.
    ///
    /// # Errors
    /// The reason of a refusal.
    pub(super) fn reply(visit: &Visit, outcome: SignIn) -> error::Result<(Option<SetCookies>, Json<Self>)> {
        let (cookies, next, user) = match outcome {
            SignIn::Done(SignedIn { ticket, user, .. }) => {
                (Some(SetCookies::signed_in(visit, &ticket)), SignInState::Done, Some(user))
            }
            SignIn::Needs(pending) => (None, SignInState::from(&pending), None),
            SignIn::Refused(reason) => return Err(reason.into()),
        };
        Ok((cookies, Json(Self { detail: "Success", next, user })))
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
