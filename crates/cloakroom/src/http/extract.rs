//! What a handler asks for: the person who is signed in, and the one variable segment of its path.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use http::request::Parts;

use crate::error::{Error, Result};
use crate::http::visit::Visit;
use crate::model::user::User;

async fn user(parts: &mut Parts) -> Result<Option<User>> {
    let visit = <Visit as FromRequestParts<()>>::from_request_parts(parts, &()).await?;
    Ok(visit.session().await?.map(|live| live.user.clone()))
}

/// The person who is signed in; 401 when nobody is.
impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        user(parts).await?.ok_or(Error::NotAuthenticated)
    }
}

/// The person who is signed in, if anybody is.
impl<S: Send + Sync> OptionalFromRequestParts<S> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>> {
        user(parts).await
    }
}

/// A member of staff: 401 when nobody is signed in, 403 when it is somebody else.
///
/// For a whole router: `.route_layer(axum::middleware::from_extractor::<Staff>())`.
#[derive(Clone, Debug)]
pub struct Staff(pub User);

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let user = user(parts).await?.ok_or(Error::NotAuthenticated)?;
        if user.is_staff { Ok(Self(user)) } else { Err(Error::Forbidden) }
    }
}

/// The variable segment of a path; 404 for one that is no text.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let segment = <Path<String> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        segment.map(|Path(segment)| Self(segment)).map_err(|_| Error::NotFound)
    }
}
