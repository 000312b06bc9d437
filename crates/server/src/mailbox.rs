//! The inbox of `cloakroom dev`: `/dev/mail` for people, `GET /api/dev/mail/` for programs. `serve` has neither.
//!
//! A mail's HTML comes from a URL of its own, under a policy that lets it be shown and do nothing else. The page around
//! it keeps the policy of every page.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use cloakroom::Cloakroom;
use cloakroom::mailing::MailView;
use cloakroom_edge::problem;
use html_escape::encode_quoted_attribute;

const PAGE: &str = include_str!("mailbox/page.html");
const STYLE: &str =
    concat!(include_str!("../../cloakroom/src/http/tokens.css"), include_str!("mailbox/style.css"));
/// The typeface that `tokens.css` names, beside the style sheet.
pub(crate) const TYPEFACE: &[u8] = include_bytes!("../../cloakroom/src/http/inter.woff2");
const ICON: &str = include_str!("../../../web/app/src/images/favicon.svg");
const SCRIPT: &str = include_str!("mailbox/script.js");
/// The policy of a mail: it may be styled, and its links open elsewhere. It loads nothing, runs nothing, and is framed by
/// the inbox page only.
const MAIL_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox",
);
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Returns the routes of the inbox.
pub(crate) fn router(cloakroom: &Cloakroom) -> Router {
    let list = {
        let cloakroom = cloakroom.clone();
        get(async move |headers: HeaderMap| list(&cloakroom, &headers).await)
    };
    let html = {
        let cloakroom = cloakroom.clone();
        get(async move |Path(id): Path<String>| html(&cloakroom, &id).await)
    };
    let page = PAGE.replace("<!-- elsewhere -->", &elsewhere(cloakroom));
    let page = get(async move || file("text/html; charset=utf-8", page));
    Router::new()
        .route("/api/dev/mail", list.clone())
        .route("/api/dev/mail/", list)
        .route("/dev/mail", page.clone())
        .route("/dev/mail/", page)
        .route("/dev/mail/style.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/dev/mail/inter.woff2", get(async || file("font/woff2", TYPEFACE)))
        .route("/dev/mail/script.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/dev/mail/icon.svg", get(async || file("image/svg+xml", ICON)))
        .route("/dev/mail/{id}/html", html)
        .method_not_allowed_fallback(async || problem::method_not_allowed("GET, HEAD"))
}

/// Names the destination of mails that are not kept here.
fn elsewhere(cloakroom: &Cloakroom) -> String {
    let url = &cloakroom.config().mail.url;
    if url.expose() == "mailbox:" {
        return String::new();
    }
    // The `Debug` of the URL omits the password.
    let url = format!("{url:?}");
    format!(
        "<p class=\"notice\">Mails go to <code>{}</code>, as CLOAKROOM_MAIL__URL says, and do not appear here. Start without it to see them.</p>",
        encode_quoted_attribute(&url)
    )
}

/// Lists mails, newest first. The page asks each second, so a list that it has already is not sent again.
async fn list(cloakroom: &Cloakroom, headers: &HeaderMap) -> Response {
    let mails = match cloakroom.mailing().kept().await {
        Ok(mails) => mails,
        Err(error) => return unavailable(&error),
    };
    let mut hasher = DefaultHasher::new();
    for mail in &mails {
        mail.id.hash(&mut hasher);
    }
    let etag = format!("\"{:016x}\"", hasher.finish());
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str());
    let mut reply =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { Json(mails).into_response() };
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        reply.headers_mut().insert(header::ETAG, etag);
    }
    reply
}

/// Returns the HTML part of one mail, whose links open beside the inbox.
async fn html(cloakroom: &Cloakroom, id: &str) -> Response {
    let mails: Vec<MailView> = match cloakroom.mailing().kept().await {
        Ok(mails) => mails,
        Err(error) => return unavailable(&error),
    };
    let Some(mail) = mails.into_iter().find(|mail| mail.id == id) else { return problem::not_found() };
    let html = mail.html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1);
    let mut reply = file("text/html; charset=utf-8", html);
    reply.headers_mut().insert(header::CONTENT_SECURITY_POLICY, MAIL_POLICY);
    reply
}

/// Replies with a small file of `dev`, which the browser must not cache.
pub(crate) fn file(content_type: &'static str, text: impl Into<Body>) -> Response {
    let mut reply = Response::new(text.into());
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply
}

fn unavailable(error: &cloakroom::Error) -> Response {
    tracing::warn!(error = error.with_causes(), "the inbox cannot be read");
    problem::problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "Unavailable",
        "unavailable",
        "The inbox cannot be read right now. Try again in a moment.",
    )
}
