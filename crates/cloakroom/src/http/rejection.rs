//! Refusals for the form of a request, before any flow is asked. Flows do not know them.

use axum::response::{IntoResponse, Response};

use crate::error::{Description, Error};
use crate::http::problem::{self, CsrfRefused, Problem};

/// The result of whatever reads a request.
pub(super) type Result<T> = std::result::Result<T, Rejection>;

/// The reason why a request is answered with a problem.
pub(super) enum Rejection {
    /// The body is not JSON.
    InvalidJson,
    /// The body's type is not `application/json`.
    UnsupportedMediaType,
    /// The body is larger than 64 KiB.
    PayloadTooLarge,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request does not prove that it comes from our own page.
    CsrfFailed {
        /// The advice for developers, in `dev` only.
        hint: Option<String>,
    },
    /// An error of the domain.
    Failed(Error),
}

impl Rejection {
    #[rustfmt::skip]
    fn describe(&self) -> Description {
        let (status, code, title, detail) = match self {
            Self::InvalidJson => (400, "invalid_json", "Invalid JSON", "The body isn't valid JSON."),
            Self::UnsupportedMediaType => (415, "unsupported_media_type", "Unsupported media type", "Send JSON, with Content-Type: application/json."),
            Self::PayloadTooLarge => (413, "payload_too_large", "Body too large", "The body is larger than 64 KiB."),
            Self::RequestTimeout => (408, "request_timeout", "Request timeout", "The body didn't arrive in time."),
            Self::MethodNotAllowed => (405, "method_not_allowed", "Method not allowed", "This address doesn't support this method."),
            Self::CsrfFailed { .. } => (403, "csrf_failed", "CSRF check failed", "Reload the page and try again."),
            Self::Failed(error) => return error.describe(),
        };
        Description { status, code, title, detail }
    }
}

impl<T: Into<Error>> From<T> for Rejection {
    fn from(error: T) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let described = self.describe();
        match self {
            Self::Failed(error) => error.into_response(),
            Self::CsrfFailed { hint } => {
                let mut problem = Problem::from(described);
                problem.hint = hint;
                let mut response = problem::reply(&problem);
                response.extensions_mut().insert(CsrfRefused);
                response
            }
            _ => problem::reply(&Problem::from(described)),
        }
    }
}
