//! The three cookies: the ticket, the browser, and the CSRF token that the page's JavaScript reads.
//!
//! Two cookies of one name count as none: which of them a sibling domain planted cannot be told.

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderMap, HeaderValue, header};
use memchr::memchr;

use crate::cloakroom::Cloakroom;
use crate::http::visit::Visit;
use crate::secret::{Purpose, Ticket};

/// The longest life that browsers grant a cookie, in seconds: 400 days.
const LONGEST: u64 = 400 * 24 * 60 * 60;
const CSRF: &str = "csrftoken";

/// The cookies of a request, as far as they are ours.
#[derive(Default)]
pub(super) struct Cookies<'a> {
    pub(super) session: Option<Ticket>,
    pub(super) browser: Option<Ticket>,
    pub(super) csrf: Option<&'a [u8]>,
}

/// A cookie's value, or that there were several.
#[derive(Clone, Copy, Default)]
enum Found<'a> {
    #[default]
    None,
    One(&'a [u8]),
    Several,
}

impl<'a> Found<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::None => Self::One(value),
            _ => Self::Several,
        };
    }

    fn one(self) -> Option<&'a [u8]> {
        match self {
            Self::One(value) => Some(value),
            _ => None,
        }
    }
}

/// Reads our cookies (RFC 6265, section 4.2.1): names match to the byte, values are not unquoted.
pub(super) fn read(headers: &HeaderMap, is_https: bool) -> Cookies<'_> {
    let (mut session, mut browser, mut csrf) = (Found::None, Found::None, Found::None);
    for value in headers.get_all(header::COOKIE) {
        for pair in pairs(value.as_bytes()) {
            let Some(equals) = memchr(b'=', pair) else { continue };
            let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
            if name == session_name(is_https).as_bytes() {
                session.add(value);
            } else if name == browser_name(is_https).as_bytes() {
                browser.add(value);
            } else if name == CSRF.as_bytes() {
                csrf.add(value);
            }
        }
    }
    Cookies {
        session: session.one().and_then(Ticket::parse),
        browser: browser.one().and_then(Ticket::parse),
        csrf: csrf.one(),
    }
}

fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr(b';', text);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

fn session_name(is_https: bool) -> &'static str {
    if is_https { "__Host-sessionid" } else { "sessionid" }
}

fn browser_name(is_https: bool) -> &'static str {
    if is_https { "__Host-browser" } else { "browser" }
}

/// Whether a reply says already what becomes of the session cookie.
pub(super) fn sets_session(headers: &HeaderMap) -> bool {
    let names = [session_name(false), session_name(true)];
    headers.get_all(header::SET_COOKIE).iter().any(|cookie| {
        let name = cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default();
        names.iter().any(|ours| ours.as_bytes() == name)
    })
}

/// Cookies to set with a reply.
pub(super) struct SetCookies(Vec<HeaderValue>);

impl IntoResponseParts for SetCookies {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        self.append_to(parts.headers_mut());
        Ok(parts)
    }
}

impl SetCookies {
    pub(super) fn append_to(self, headers: &mut HeaderMap) {
        for cookie in self.0 {
            headers.append(header::SET_COOKIE, cookie);
        }
    }

    /// The ticket of a session that is open now, with its CSRF token.
    pub(super) fn signed_in(visit: &Visit, ticket: &Ticket) -> Self {
        let cloakroom = visit.cloakroom();
        let mut cookies = Self(Vec::with_capacity(3));
        let idle = cloakroom.config().session.idle.duration().as_secs().max(1);
        let name = session_name(cloakroom.config().public_url.is_https());
        cookies.set(cloakroom, name, ticket.expose(), "; HttpOnly", idle);
        let token = cloakroom.key().sign(Purpose::SessionCsrf, ticket.expose().as_bytes());
        cookies.set(cloakroom, CSRF, &token, "", LONGEST);
        if visit.visitor().browser.is_none() {
            cookies.set_browser(cloakroom, &Ticket::generate());
        }
        cookies
    }

    /// No session any more: the ticket expires, and the CSRF token is the browser's own.
    pub(super) fn signed_out(visit: &Visit) -> Self {
        let cloakroom = visit.cloakroom();
        let mut cookies = Self(Vec::with_capacity(3));
        cookies.set_anonymous(visit);
        // The last one: a jar of curl 7.88 keeps a cookie whose end another one follows.
        let name = session_name(cloakroom.config().public_url.is_https());
        cookies.set(cloakroom, name, "", "; HttpOnly", 0);
        cookies
    }

    /// A CSRF token for what this browser has: its session cookie, dead or not, else its browser cookie.
    pub(super) fn csrf(visit: &Visit) -> Self {
        let cloakroom = visit.cloakroom();
        let mut cookies = Self(Vec::with_capacity(2));
        match &visit.visitor().session {
            Some(ticket) => {
                let token = cloakroom.key().sign(Purpose::SessionCsrf, ticket.expose().as_bytes());
                cookies.set(cloakroom, CSRF, &token, "", LONGEST);
                if visit.visitor().browser.is_none() {
                    cookies.set_browser(cloakroom, &Ticket::generate());
                }
            }
            None => cookies.set_anonymous(visit),
        }
        cookies
    }

    fn set_anonymous(&mut self, visit: &Visit) {
        let cloakroom = visit.cloakroom();
        let made = visit.visitor().browser.is_none().then(Ticket::generate);
        if let Some(browser) = made.as_ref().or(visit.visitor().browser.as_ref()) {
            let token = cloakroom.key().sign(Purpose::BrowserCsrf, browser.expose().as_bytes());
            self.set(cloakroom, CSRF, &token, "", LONGEST);
        }
        if let Some(browser) = made {
            self.set_browser(cloakroom, &browser);
        }
    }

    fn set_browser(&mut self, cloakroom: &Cloakroom, browser: &Ticket) {
        let name = browser_name(cloakroom.config().public_url.is_https());
        self.set(cloakroom, name, browser.expose(), "; HttpOnly", LONGEST);
    }

    fn set(&mut self, cloakroom: &Cloakroom, name: &str, value: &str, http_only: &str, max_age: u64) {
        let secure = if cloakroom.config().public_url.is_https() { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age={max_age}{http_only}{secure}");
        // Names are ours and values are base64url: always a valid header.
        self.0.extend(HeaderValue::try_from(cookie));
    }
}
