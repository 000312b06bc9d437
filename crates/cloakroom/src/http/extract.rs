//! Extractors for handlers: the person who is signed in, and the one variable segment of a path.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use http::request::Parts;

use crate::error::{Error, Result};
use crate::http::form;
use crate::http::visit::Visit;
use crate::model::user::User;
use crate::session::{Live, Principal};

/// Returns the session behind a request, converted to `T` by `tell`.
async fn session<T>(parts: &mut Parts, tell: impl FnOnce(&Live) -> T) -> Result<Option<T>> {
    let visit = <Visit as FromRequestParts<()>>::from_request_parts(parts, &()).await?;
    Ok(visit.session().await?.map(tell))
}

async fn user(parts: &mut Parts) -> Result<Option<User>> {
    session(parts, |live| live.user.clone()).await
}

/// Extracts the principal of the request; 401 when nobody is signed in.
impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        session(parts, |live| live.into()).await?.ok_or(Error::NotAuthenticated)
    }
}

/// Extracts the principal of the request, if anybody is signed in.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>> {
        session(parts, |live| live.into()).await
    }
}

/// Extracts the person who is signed in; 401 when nobody is.
///
/// ```
/// use axum::routing::get;
/// use cloakroom::{Cloakroom, User};
///
/// // Keep your own data by the id: an address can change.
/// async fn notes(user: User) -> String {
///     format!("The notes of {}", user.id)
/// }
///
/// fn app(cloakroom: &Cloakroom) -> axum::Router {
///     axum::Router::new().route("/notes", get(notes)).layer(cloakroom.layer())
/// }
/// ```
impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        user(parts).await?.ok_or(Error::NotAuthenticated)
    }
}

/// Extracts the person who is signed in, if anybody is.
///
/// ```
/// use axum::routing::get;
/// use cloakroom::{Cloakroom, User};
///
/// async fn home(user: Option<User>) -> String {
///     user.map_or_else(|| "Welcome".to_owned(), |user| format!("Welcome back, {}", user.email))
/// }
///
/// fn app(cloakroom: &Cloakroom) -> axum::Router {
///     axum::Router::new().route("/", get(home)).layer(cloakroom.layer())
/// }
/// ```
impl<S: Send + Sync> OptionalFromRequestParts<S> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>> {
        user(parts).await
    }
}

/// A member of staff: 401 when nobody is signed in, 403 when it is somebody else.
///
/// As an argument it guards one handler, and as a layer a whole router:
///
/// ```
/// use axum::middleware::from_extractor;
/// use axum::routing::get;
/// use cloakroom::{Cloakroom, Staff};
///
/// async fn orders(Staff(user): Staff) -> String {
///     format!("Every order, for {}", user.email)
/// }
///
/// fn app(cloakroom: &Cloakroom) -> axum::Router {
///     let back_office = axum::Router::new()
///         .route("/figures", get(async || "42"))
///         .route_layer(from_extractor::<Staff>());
///     axum::Router::new().route("/orders", get(orders)).merge(back_office).layer(cloakroom.layer())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Staff(pub User);

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let user = user(parts).await?.ok_or(Error::NotAuthenticated)?;
        if user.is_staff { Ok(Self(user)) } else { Err(Error::Forbidden) }
    }
}

/// The CSRF token of this browser, for pages that the server writes. Put [`CsrfToken::field`] into each `<form method="post">`.
///
/// The reply sets the cookie that the token must match, if the browser does not have it, and is not kept by caches.
///
/// ```
/// use axum::response::Html;
/// use axum::routing::get;
/// use cloakroom::{Cloakroom, CsrfToken, User};
///
/// async fn page(token: CsrfToken) -> Html<String> {
///     Html(format!(
///         r#"<form method="post" action="/notes">{}<input name="note"><button>Save</button></form>"#,
///         token.field()
///     ))
/// }
///
/// async fn save(user: User, form: String) -> String {
///     // Here the token was right, and the form is as it was sent.
///     format!("{} bytes of {}", form.len(), user.email)
/// }
///
/// fn app(cloakroom: &Cloakroom) -> axum::Router {
///     axum::Router::new().route("/notes", get(page).post(save)).layer(cloakroom.layer())
/// }
/// ```
pub struct CsrfToken(String);

impl CsrfToken {
    /// Returns the token itself, for the header `X-CSRFToken` or the field `csrfmiddlewaretoken`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hidden field, as HTML that needs no escaping.
    #[must_use]
    pub fn field(&self) -> String {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", form::FIELD, self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CsrfToken {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        visit.ensure_token(&parts.headers);
        Ok(Self(visit.give_token()))
    }
}

/// An extractor that makes the reply set the CSRF cookie where the browser does not have it.
pub(super) struct CsrfCookie;

impl<S: Send + Sync> FromRequestParts<S> for CsrfCookie {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        visit.ensure_token(&parts.headers);
        Ok(Self)
    }
}

/// An extractor that refuses a request without a session, before the body is read.
pub(super) struct SessionRequired;

impl<S: Send + Sync> FromRequestParts<S> for SessionRequired {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        session(parts, |_| Self).await?.ok_or(Error::NotAuthenticated)
    }
}

/// The variable segment of a path; 404 for one that is not valid text.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let segment = <Path<String> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        segment.map(|Path(segment)| Self(segment)).map_err(|_| Error::NotFound)
    }
}
