//! Whether an unsafe request comes from our own page.
//!
//! Three questions, each enough to refuse: does the browser say that another site sent it (Fetch Metadata), is its
//! origin ours, and does it carry a token that only our own page could read and that belongs to this session. The
//! token is an HMAC over the session cookie, so a planted pair of cookie and header is worth nothing.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use subtle::ConstantTimeEq as _;

use crate::cloakroom::Cloakroom;
use crate::http::cookies::Cookies;
use crate::secret::Purpose;

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static X_CSRFTOKEN: HeaderName = HeaderName::from_static("x-csrftoken");

/// Whether a method may change something (RFC 9110, section 9.2.1).
pub(super) fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Judges an unsafe request; what is wrong with it, as a hint for developers.
pub(super) fn check(
    cloakroom: &Cloakroom,
    headers: &HeaderMap,
    cookies: &Cookies<'_>,
) -> Result<(), &'static str> {
    let is_foreign = |value: &HeaderValue| matches!(value.as_bytes(), b"cross-site" | b"same-site");
    if headers.get_all(&SEC_FETCH_SITE).iter().any(is_foreign) {
        return Err(
            "Sec-Fetch-Site says that another site sent this request: app and API must share one origin.",
        );
    }
    if !is_our_origin(cloakroom.config().public_url.origin(), headers) {
        return Err(
            "Origin (or Referer) is not the origin of public_url. Behind Vite, its proxy must rewrite Origin; otherwise open the app under public_url.",
        );
    }
    let Some(cookie) = cookies.csrf else {
        return Err(
            "There is no csrftoken cookie (or there are two): call GET /api/login-set-cookie/ or GET /api/session/ first.",
        );
    };
    let mut sent = headers.get_all(&X_CSRFTOKEN).iter();
    let (Some(header), None) = (sent.next(), sent.next()) else {
        return Err("Send the csrftoken cookie's value in the X-CSRFToken header.");
    };
    let is_valid = match (&cookies.session, &cookies.browser) {
        (Some(session), _) => {
            cloakroom.key().verify(Purpose::SessionCsrf, session.expose().as_bytes(), cookie)
        }
        (None, Some(browser)) => {
            cloakroom.key().verify(Purpose::BrowserCsrf, browser.expose().as_bytes(), cookie)
        }
        (None, None) => false,
    };
    if !bool::from(header.as_bytes().ct_eq(cookie)) || !is_valid {
        return Err(
            "The token does not belong to this session: it changes at sign-in and sign-out, so read the cookie anew for each request.",
        );
    }
    Ok(())
}

/// `Origin`, or failing that `Referer`, must be ours when it is there: as a whole, never by a prefix.
fn is_our_origin(ours: &str, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if let Some(origin) = origins.next() {
        return origins.next().is_none() && origin.as_bytes() == ours.as_bytes();
    }
    let mut referers = headers.get_all(header::REFERER).iter();
    let Some(referer) = referers.next() else { return true };
    let is_ours =
        |referer: &str| url::Url::parse(referer).is_ok_and(|url| url.origin().ascii_serialization() == ours);
    referers.next().is_none() && referer.to_str().is_ok_and(is_ours)
}
