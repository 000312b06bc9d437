//! Signing in by program: an embedding app's own way to prove an account.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponseParts, ResponseParts};
use http::request::Parts;

use crate::error::{Error, Result};
use crate::flow::sign_in::{SignIn, SignedIn, program};
use crate::http::cookies::SetCookies;
use crate::http::visit::Visit;
use crate::model::method::Method;
use crate::model::user::User;

/// Signs somebody in by program, after a proof of your own, as Django's `login(request, user)` does.
///
/// The session is like any other: a new ticket, an event, the same limits of time. The session that the browser had ends.
///
/// ```
/// use axum::Form;
/// use axum::response::Redirect;
/// use axum::routing::post;
/// use cloakroom::{Cloakroom, Error, Login, LoginCookies, Method};
///
/// #[derive(serde::Deserialize)]
/// struct Badge {
///     number: String,
/// }
///
/// // The desk has read a badge, which proves an account as well as a provider's word does.
/// async fn badge(login: Login, Form(badge): Form<Badge>) -> Result<(LoginCookies, Redirect), Error> {
///     let user_id = owner_of(&badge.number).ok_or(Error::InvalidCredentials)?;
///     let (cookies, _user) = login.sign_in(&user_id, Method::Social).await?;
///     Ok((cookies, Redirect::to("/")))
/// }
///
/// fn owner_of(number: &str) -> Option<String> {
///     // A look-up in your own table of badges.
///     # let _ = number;
///     None
/// }
///
/// fn app(cloakroom: &Cloakroom) -> axum::Router {
///     axum::Router::new().route("/badge", post(badge)).layer(cloakroom.layer())
/// }
/// ```
pub struct Login(Visit);

/// The cookies of a new session: put them into the reply, before its body.
#[must_use = "without its cookies the browser is not signed in"]
pub struct LoginCookies(SetCookies);

impl Login {
    /// Signs in to the account of that id. `method` tells how it was proven; the session lists it as `amr`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such account; [`Error::AccountInactive`]; [`Error::Forbidden`] when the account
    /// demands more of its owner than this proof.
    pub async fn sign_in(self, user_id: &str, method: Method) -> Result<(LoginCookies, User)> {
        let Self(visit) = self;
        match program::sign_in(visit.context(), visit.visitor(), user_id, method).await? {
            SignIn::Done(SignedIn { ticket, user, .. }) => {
                Ok((LoginCookies(SetCookies::signed_in(&visit, &ticket)), user))
            }
            SignIn::Needs(_) => Err(Error::Forbidden),
            SignIn::Refused(reason) => Err(reason.into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Login {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Self)
    }
}

impl IntoResponseParts for LoginCookies {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> std::result::Result<ResponseParts, Self::Error> {
        self.0.into_response_parts(parts)
    }
}
