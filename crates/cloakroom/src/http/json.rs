//! Bodies: JSON in, JSON out. Any other body is answered with the problem that fits it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Invalid};
use crate::http::rejection::{Rejection, Result};

/// The largest body, in bytes.
const LARGEST: usize = 64 * 1024;
/// The time within which a body must have arrived, however slowly its sender transmits it.
const DEADLINE: Duration = Duration::from_secs(15);

/// A JSON object as a body, or as a reply.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        require_json(request.headers())?;
        parse(&read(request).await?).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => json_response(body.into()),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// Returns a reply of bytes that are JSON already.
pub(super) fn json_response(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Reads a JSON object as a body, or none: no body at all, or a literal `null`, as generated clients send it.
pub(super) async fn optional<T: DeserializeOwned>(request: Request) -> Result<Option<T>> {
    let typed = require_json(request.headers());
    let body = read(request).await?;
    if body.is_empty() {
        return Ok(None);
    }
    typed?;
    if body.trim_ascii() == b"null" {
        return Ok(None);
    }
    parse(&body).map(Some)
}

/// The body of calls that take nothing: no body, or an empty object.
pub(super) struct Nothing;

impl<S: Send + Sync> FromRequest<S> for Nothing {
    type Rejection = Rejection;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct NoFields {}
        optional::<NoFields>(request).await?;
        Ok(Self)
    }
}

/// Requires `application/json`, in UTF-8 when it names a charset. A form of another site cannot send that without a preflight.
fn require_json(headers: &HeaderMap) -> Result<()> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return Err(Rejection::UnsupportedMediaType);
    };
    let text = only.to_str().map_err(|_| Rejection::UnsupportedMediaType)?.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let is_json = parts.next() == Some("application/json");
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        // `utf8` is a label of UTF-8 as well (WHATWG Encoding, section 4.2).
        Some(("charset", charset)) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
        _ => parameter.is_empty() || !parameter.contains("application/"),
    });
    if is_json && is_utf8 { Ok(()) } else { Err(Rejection::UnsupportedMediaType) }
}

/// Returns the bytes of a body, within the limits of size and time.
pub(super) async fn read(request: Request) -> Result<Bytes> {
    let collected =
        tokio::time::timeout(DEADLINE, Limited::new(request.into_body(), LARGEST).collect()).await;
    match collected {
        Err(_) => Err(Rejection::RequestTimeout),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Rejection::PayloadTooLarge),
        Ok(Err(_)) => Err(Rejection::InvalidJson),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// Parses a body. Broken JSON and JSON of the wrong shape are different errors.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    // Serde fills a struct from an array as well; the contract has objects only.
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    match parsed {
        Ok(parsed) if is_object => deserializer.end().map(|()| parsed).map_err(|_| Rejection::InvalidJson),
        Err(error) if is_object && error.inner().is_data() && is_json(body) => Err(invalid(&error)),
        _ if !is_object && is_json(body) => Err(Invalid::new("", "invalid", "Send a JSON object.").into()),
        _ => Err(Rejection::InvalidJson),
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

fn invalid(error: &serde_path_to_error::Error<serde_json::Error>) -> Rejection {
    let message = error.inner().to_string();
    // `unknown field `x`, expected …`, `missing field `x` at …`: the name stands in the first pair of backticks.
    let named = message.split('`').nth(1).unwrap_or_default();
    let path = error.path().to_string();
    let invalid = if message.starts_with("missing field") {
        Invalid::new(named, "required", format!("`{named}` is needed."))
    } else if message.starts_with("unknown field") {
        Invalid::new(named, "unknown", format!("`{named}` is not a field of this call."))
    } else if message.starts_with("duplicate field") {
        Invalid::new(named, "invalid", format!("`{named}` appears more than once."))
    } else {
        Invalid::new(path.trim_matches('.'), "invalid", "Wrong type for this field.")
    };
    invalid.into()
}
