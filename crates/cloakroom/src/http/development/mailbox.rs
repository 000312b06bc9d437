//! The inbox: `/dev/mail` for people, `GET /api/dev/mail/` for programs.
//!
//! A mail's HTML comes from a URL of its own, under a policy that lets it be shown and do nothing else. The page around
//! it keeps the policy of every page.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use html_escape::encode_quoted_attribute;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::file;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::admin::mailing::{MailView, Mailing};
use crate::http::docs::TYPEFACE;
use crate::http::rejection::Rejection;

const PAGE: &str = include_str!("mailbox/page.html");
const STYLE: &str =
    concat!(include_str!("../tokens.css"), include_str!("../plain.css"), include_str!("mailbox/style.css"));
const ICON: &str = include_str!("icon.svg");
const SCRIPT: &str = include_str!("mailbox/script.js");
/// The policy of a mail: it may be styled, and its links open elsewhere. It loads nothing, runs nothing, and is framed by
/// the inbox page only.
const MAIL_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox",
);
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Returns the routes of the inbox.
pub(super) fn router(context: &Context) -> Router {
    let mailing = Mailing::new(context.clone());
    let list = {
        let mailing = mailing.clone();
        get(async move |headers: HeaderMap| list(mailing.kept().await?, &headers))
    };
    let html = get(async move |Path(id): Path<String>| html(&mailing.kept().await?, &id));
    let page = PAGE.replace("<!-- elsewhere -->", &elsewhere(context));
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
        .method_not_allowed_fallback(async || Rejection::MethodNotAllowed)
}

/// Names the destination of mails that are not kept here.
fn elsewhere(context: &Context) -> String {
    let mail = &context.config().mail;
    if mail.is_kept() {
        return String::new();
    }
    // The `Debug` of the URL omits the password.
    let url = format!("{:?}", mail.url);
    format!(
        "<p class=\"notice\">Mails go to <code>{}</code>, as CLOAKROOM_MAIL__URL says, and do not appear here. Start without it to see them.</p>",
        encode_quoted_attribute(&url)
    )
}

/// Lists mails, newest first. The page asks each second, so a list that it has already is not sent again.
fn list(mails: Vec<MailView>, headers: &HeaderMap) -> Result<Response> {
    let mut hasher = DefaultHasher::new();
    for mail in &mails {
        mail.id.hash(&mut hasher);
    }
    let etag = format!("\"{:016x}\"", hasher.finish());
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str());
    let mut reply =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { Json(mails).into_response() };
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply.headers_mut().insert(header::ETAG, HeaderValue::try_from(etag).map_err(Error::internal)?);
    Ok(reply)
}

/// Returns the HTML part of one mail, whose links open beside the inbox.
fn html(mails: &[MailView], id: &str) -> Result<Response> {
    let mail = mails.iter().find(|mail| mail.id == id).ok_or(Error::NotFound)?;
    let html = mail.html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1);
    let mut reply = file("text/html; charset=utf-8", html);
    reply.headers_mut().insert(header::CONTENT_SECURITY_POLICY, MAIL_POLICY);
    Ok(reply)
}
