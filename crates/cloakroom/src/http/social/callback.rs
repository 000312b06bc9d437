//! `POST /auth/{provider}/callback`: the answer of a provider that lets the browser post it (OAuth 2.0 Form Post Response
//! Mode; Apple has no other way).
//!
//! The post comes from the provider's site, so it carries no cookie of ours and no CSRF token. It is let through because it
//! changes nothing. It only redirects to the same path by GET, with the fields of the form as the query. That page then posts
//! them from our own origin, with its cookies and its token. Only that post finishes an attempt.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};

use crate::context::Context;
use crate::error::Error;
use crate::http::json;
use crate::http::rejection::{Rejection, Result};

/// The longest query, in bytes: proxies refuse headers far larger than this.
const LONGEST: usize = 8000;

/// Tells whether a request is such a post: exactly this path, of a provider that is configured.
pub(in crate::http) fn is_posted_answer(context: &Context, request: &Request) -> bool {
    let provider =
        || request.uri().path().strip_prefix("/auth/").and_then(|rest| rest.strip_suffix("/callback"));
    *request.method() == Method::POST
        && provider().is_some_and(|provider| context.providers().get(provider).is_some())
}

/// Returns the redirect to the page.
pub(in crate::http) async fn to_page(request: Request) -> Response {
    redirect(request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn redirect(request: Request) -> Result<Response> {
    let content_type = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let media_type = content_type.and_then(|value| value.split(|byte| *byte == b';').next());
    let is_form =
        |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
    if !media_type.is_some_and(is_form) {
        return Err(Rejection::UnsupportedMediaType);
    }
    let path = request.uri().path().to_owned();
    let before = request.uri().query().unwrap_or_default().to_owned();
    let form = json::read(request).await?;
    let pairs = url::form_urlencoded::parse(before.as_bytes()).chain(url::form_urlencoded::parse(&form));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if query.len() > LONGEST {
        return Err(Rejection::PayloadTooLarge);
    }
    // The path is that of a configured provider, and the query is form-encoded: always a valid header.
    let location = HeaderValue::try_from(format!("{path}?{query}")).map_err(Error::internal)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The URL holds a code.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
