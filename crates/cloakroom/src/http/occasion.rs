//! The circumstances of a request, as the mail that it causes states them.

use axum::extract::FromRequestParts;
use http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use crate::error::{Error, Result};
use crate::http::visit::Visit;
use crate::mail::outbox::Occasion;
use crate::mail::{Asked, Locale};
use crate::model::device::device;

impl<S: Send + Sync> FromRequestParts<S> for Occasion {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let locale = Locale::from_accept_language(
            text(&parts.headers, &ACCEPT_LANGUAGE),
            &visit.context().config().app.locales(),
        );
        let asked = Asked {
            at: visit.context().now(),
            device: device(text(&parts.headers, &USER_AGENT)),
            network: visit.visitor().network.to_string(),
        };
        Ok(Self::new(locale, asked))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
