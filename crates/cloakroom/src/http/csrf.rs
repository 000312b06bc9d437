//! Checks that an unsafe request comes from our own page.
//!
//! Each of three checks can refuse a request. The browser says that another site sent it (Fetch Metadata). Its origin is not
//! ours. It lacks a token that only our own page could read and that belongs to this session. The token is an HMAC over the
//! session cookie, so a planted pair of cookie and header is worth nothing.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use subtle::ConstantTimeEq as _;

use crate::config::is_loopback;
use crate::http::cookies;
use crate::http::gate::Gate;
use crate::http::visit::Visit;
use crate::secret::{Purpose, Ticket};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static X_CSRFTOKEN: HeaderName = HeaderName::from_static("x-csrftoken");

/// The reason why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The browser says that another site sent it.
    Site,
    /// The `Origin` or `Referer` is not ours.
    Origin,
    /// The request has no CSRF cookie.
    NoCookie,
    /// The request has no token in header or form, or several.
    NoToken,
    /// The token belongs to another session or browser.
    WrongToken,
}

impl Refusal {
    /// Every reason, in the order of [`Refusal::index`].
    pub(crate) const ALL: [Self; 5] =
        [Self::Site, Self::Origin, Self::NoCookie, Self::NoToken, Self::WrongToken];

    /// Returns the position in [`Refusal::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Returns the label in the metric.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Origin => "origin",
            Self::NoCookie => "no_cookie",
            Self::NoToken => "no_token",
            Self::WrongToken => "wrong_token",
        }
    }

    /// Returns a sentence for the log and for developers.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Site => {
                "Sec-Fetch-Site says that another site sent this request: app and API must share one origin."
            }
            Self::Origin => {
                "Origin (or Referer) is not the origin of public_url: open the app under public_url, or set CLOAKROOM_PUBLIC_URL to the address that the browser shows."
            }
            Self::NoCookie => {
                "There is no csrftoken cookie: call GET /api/login-set-cookie/ or GET /api/session/ first."
            }
            Self::NoToken => "Send the csrftoken cookie's value in the X-CSRFToken header.",
            Self::WrongToken => {
                "The token does not belong to this session: it changes at sign-in and sign-out, so read the cookie anew for each request."
            }
        }
    }

    /// Tells whether our own page may have sent the request. Only then does the reply give a fresh token.
    pub(super) fn may_be_ours(self) -> bool {
        !matches!(self, Self::Site | Self::Origin)
    }
}

/// Returns the token for a session cookie, alive or dead.
pub(super) fn of_session(gate: &Gate, ticket: &Ticket) -> String {
    gate.context().key().sign(Purpose::SessionCsrf, ticket.expose().as_bytes())
}

/// Returns the token for a browser without a session cookie.
pub(super) fn of_browser(gate: &Gate, browser: &Ticket) -> String {
    gate.context().key().sign(Purpose::BrowserCsrf, browser.expose().as_bytes())
}

/// Tells whether a method may change something (RFC 9110, section 9.2.1).
pub(super) fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Tells whether a request asks for an upgrade, as to a WebSocket (RFC 9110, section 7.8). Browsers send these to any site,
/// with cookies, without a preflight (RFC 6455, section 10.2).
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

/// Checks the origin of an upgrade. `Origin` decides when it is there, and browsers always send it. The Fetch Metadata of a
/// WebSocket to the same site differ between browsers.
pub(super) fn check_upgrade(gate: &Gate, headers: &HeaderMap) -> Result<(), Refusal> {
    if !headers.contains_key(header::ORIGIN) {
        return check_origin(gate, headers);
    }
    if is_our_origin(gate.context().config().public_url.origin(), headers) {
        Ok(())
    } else {
        Err(Refusal::Origin)
    }
}

/// Checks the origin of an unsafe request.
pub(super) fn check_origin(gate: &Gate, headers: &HeaderMap) -> Result<(), Refusal> {
    let is_foreign = |value: &HeaderValue| matches!(value.as_bytes(), b"cross-site" | b"same-site");
    if headers.get_all(&SEC_FETCH_SITE).iter().any(is_foreign) {
        return Err(Refusal::Site);
    }
    if is_our_origin(gate.context().config().public_url.origin(), headers) {
        Ok(())
    } else {
        Err(Refusal::Origin)
    }
}

/// Refuses a link on another site, according to the browser's Fetch Metadata.
pub(super) fn check_site(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_foreign = headers.get_all(&SEC_FETCH_SITE).iter().any(|site| site.as_bytes() == b"cross-site");
    if is_foreign { Err(Refusal::Site) } else { Ok(()) }
}

/// Returns the token of the header: `None` without one, an error for several.
pub(super) fn sent_token(headers: &HeaderMap) -> Result<Option<&[u8]>, Refusal> {
    let mut sent = headers.get_all(&X_CSRFTOKEN).iter();
    match (sent.next(), sent.next()) {
        (only, None) => Ok(only.map(HeaderValue::as_bytes)),
        _ => Err(Refusal::NoToken),
    }
}

/// Checks that the browser has a CSRF cookie.
pub(super) fn check_cookie(gate: &Gate, headers: &HeaderMap) -> Result<(), Refusal> {
    let has_one = cookies::csrf_tokens(headers, gate.names()).next().is_some();
    if has_one { Ok(()) } else { Err(Refusal::NoCookie) }
}

/// Checks the token that a request sent against the cookies of its browser.
pub(super) fn check_token(visit: &Visit, headers: &HeaderMap, sent: &[u8]) -> Result<(), Refusal> {
    let gate = visit.gate();
    let (purpose, ticket) = owner(visit).ok_or(Refusal::WrongToken)?;
    let is_right = gate.context().key().verify(purpose, ticket.expose().as_bytes(), sent);
    if is_right && has_token(gate, headers, sent) { Ok(()) } else { Err(Refusal::WrongToken) }
}

/// Returns the cookie from which a token of this browser is made: the session's, else the browser's.
fn owner(visit: &Visit) -> Option<(Purpose, &Ticket)> {
    let visitor = visit.visitor();
    let session = visitor.session.as_ref().map(|session| (Purpose::SessionCsrf, session));
    session.or_else(|| visitor.browser.as_ref().map(|browser| (Purpose::BrowserCsrf, browser)))
}

/// Tells whether one of the CSRF cookies matches this browser, made with the present key or with the previous one.
pub(super) fn has_fitting_token(visit: &Visit, headers: &HeaderMap) -> bool {
    let gate = visit.gate();
    let Some((purpose, ticket)) = owner(visit) else { return false };
    let mut tokens = cookies::csrf_tokens(headers, gate.names());
    tokens.any(|token| gate.context().key().verify(purpose, ticket.expose().as_bytes(), token))
}

/// Tells whether `token` is among the CSRF cookies of a request.
pub(super) fn has_token(gate: &Gate, headers: &HeaderMap, token: &[u8]) -> bool {
    cookies::csrf_tokens(headers, gate.names()).any(|one| bool::from(one.ct_eq(token)))
}

/// Tells a developer how to fix the cause of a refusal.
pub(super) fn hint(gate: &Gate, headers: &HeaderMap, refusal: Refusal) -> String {
    let ours = gate.context().config().public_url.origin();
    match told_origin(headers).filter(|_| refusal == Refusal::Origin) {
        Some(theirs) => format!(
            "The page is at {theirs}, and public_url is {ours}. Start the server with CLOAKROOM_PUBLIC_URL={theirs}, or open the app at {ours}."
        ),
        None => refusal.reason().to_owned(),
    }
}

/// Returns the origin that a request names, if it belongs to this machine. Another one would be no use for starting `dev`.
fn told_origin(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(header::ORIGIN).or_else(|| headers.get(header::REFERER))?;
    let url = url::Url::parse(told.to_str().ok()?).ok()?;
    let is_page = matches!(url.scheme(), "http" | "https");
    (is_page && is_loopback(&url)).then(|| url.origin().ascii_serialization())
}

/// Tells whether the origin is ours. `Origin`, or without it `Referer`, must match when it is there: as a whole, never by a
/// prefix.
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
