//! Errors that the outer layers answer themselves, in the format of every error (RFC 9457).
//!
//! The library answers for its own routes. The parts around it (the listener, the pages, the host guard) must not look
//! different to a client. They must not say more than the status does: no versions, no paths, no causes.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

/// Builds an `application/problem+json` reply; `detail` is a sentence for people, `code` a word for programs.
pub fn problem(status: StatusCode, title: &str, code: &str, detail: &str) -> Response {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Builds a 404 for a path that does not exist.
pub fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "Not found", "not_found", "There is nothing at this address.")
}

/// Builds a 405; `allow` lists the methods that the path supports (RFC 9110, section 15.5.6, demands the header).
pub fn method_not_allowed(allow: &'static str) -> Response {
    let mut response = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
        "method_not_allowed",
        "This address does not answer to that method.",
    );
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}
