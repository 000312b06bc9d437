//! Errors on the wire: `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::{Description, Error, Invalid};

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the code says it.
    #[serde(rename = "type")]
    kind: &'static str,
    /// A few words.
    title: &'static str,
    /// The status of the reply.
    status: u16,
    /// A stable code to program against.
    code: ProblemCode,
    /// A sentence for people.
    detail: String,
    /// The fields that cannot be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Invalid>,
    /// With `rate_limited`: the time from which another attempt is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    retry_at: Option<Timestamp>,
    /// For developers, in `dev` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// Marks a reply `csrf_failed`, so that the guard sets a fresh token with it.
#[derive(Clone)]
pub(super) struct CsrfRefused;

/// A stable code to program against. New ones may come: `KnownProblemCode` lists those of this version.
#[derive(Serialize)]
#[serde(transparent)]
struct ProblemCode(&'static str);

/// Every code that a reply can carry.
pub(crate) const CODES: [&str; 33] = [
    "not_authenticated",
    "forbidden",
    "invalid_credentials",
    "account_inactive",
    "reauthentication_required",
    "signup_closed",
    "token_invalid",
    "invalid_code",
    "password_required",
    "other_user_signed_in",
    "email_taken",
    "has_password",
    "not_allowed",
    "identity_taken",
    "last_sign_in_method",
    "state_missing",
    "state_mismatch",
    "code_rejected",
    "provider_denied",
    "provider_unreachable",
    "csrf_failed",
    "rate_limited",
    "validation_failed",
    "invalid_json",
    "unsupported_media_type",
    "payload_too_large",
    "request_timeout",
    "not_found",
    "method_not_allowed",
    "misdirected_request",
    "unavailable",
    "invalid_host",
    "internal",
];

impl utoipa::PartialSchema for ProblemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some(
                "A stable code to program against. It is no closed list: treat a code that you do not know by its status.",
            ))
            .extensions(Some(
                utoipa::openapi::extensions::Extensions::builder().add("x-extensible-enum", CODES.as_slice()).build(),
            ))
            .into()
    }
}

impl ToSchema for ProblemCode {}

/// The codes of this version, as a shape of its own that no reply must match. So a generated client gets the names, and accepts
/// the new codes of a newer server.
pub(super) struct KnownProblemCode;

impl utoipa::PartialSchema for KnownProblemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The codes of this version; a newer server may send others."))
            .enum_values(Some(CODES))
            .into()
    }
}

impl From<Description> for Problem {
    fn from(described: Description) -> Self {
        Self {
            kind: "about:blank",
            title: described.title,
            status: described.status,
            code: ProblemCode(described.code),
            detail: described.detail.to_owned(),
            errors: Vec::new(),
            retry_at: None,
            hint: None,
        }
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let mut problem = Self::from(error.describe());
        match error {
            Error::Validation(errors) => problem.errors.clone_from(errors),
            Error::RateLimited { retry_at, retry_after } => {
                problem.retry_at = Some(*retry_at);
                problem.detail = format!("Try again in {}.", in_words(*retry_after));
            }
            _ => {}
        }
        problem
    }
}

/// Returns the wait in words, rounded up so that nobody retries too early.
fn in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Returns the reply that holds a problem.
pub(super) fn reply(problem: &Problem) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(problem).unwrap_or_default()));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if matches!(self, Self::Internal(_) | Self::Unavailable(_) | Self::Config(_)) {
            // The one place that logs a cause, with its chain; clients get only the code.
            tracing::error!(error = self.with_causes(), "request failed");
        }
        let mut response = reply(&Problem::from(&self));
        let headers = response.headers_mut();
        match self {
            Self::RateLimited { retry_after, .. } => {
                headers.insert(header::RETRY_AFTER, retry_after.into());
            }
            Self::Busy | Self::Unavailable(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        response
    }
}
