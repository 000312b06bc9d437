//! The path below which an app has nested the router.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;

/// That path; usually empty.
pub(super) struct Nest(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Nest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let whole = parts.extensions.get::<OriginalUri>().map_or("", |uri| uri.path());
        Ok(Self(whole.strip_suffix(parts.uri.path()).unwrap_or_default().to_owned()))
    }
}
