//! The three cookies: the ticket, the browser, and the CSRF token that the page's JavaScript reads.
//!
//! Two session or browser cookies count as none: a sibling domain may have planted either. Of several CSRF tokens, the one that
//! verifies counts: nobody else can make it.

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use memchr::memchr;

use crate::config::{self, Config};
use crate::http::csrf;
use crate::http::gate::Gate;
use crate::http::visit::Visit;
use crate::secret::Ticket;

/// The longest life that browsers grant a cookie, in seconds: 400 days.
const LONGEST: u64 = 400 * 24 * 60 * 60;
/// The header that tells pages the name of the CSRF cookie, where it is not `csrftoken`.
static X_CSRF_COOKIE: HeaderName = HeaderName::from_static("x-csrf-cookie");

/// The names of the cookies, prefix included.
pub(crate) struct Names {
    session: String,
    browser: String,
    csrf: String,
    /// The name of the CSRF cookie, where pages cannot know it.
    told: Option<HeaderValue>,
}

impl Names {
    pub(crate) fn new(config: &Config) -> Self {
        // Over http a browser refuses `__Host-` (RFC 6265bis, section 4.1.3.2). Scripts read the token: it has no prefix.
        let prefix = if config.public_url.is_https() { "__Host-" } else { "" };
        let config::Cookies { session, csrf, browser } = &config.cookies;
        Self {
            session: format!("{prefix}{session}"),
            browser: format!("{prefix}{browser}"),
            csrf: csrf.clone(),
            told: (*csrf != config::Cookies::default().csrf)
                .then(|| HeaderValue::try_from(csrf).ok())
                .flatten(),
        }
    }
}

/// The cookies of a request, as far as they are ours; the CSRF tokens are read by [`csrf_tokens`].
#[derive(Default)]
pub(super) struct Cookies {
    pub(super) session: Option<Ticket>,
    pub(super) browser: Option<Ticket>,
    /// Set when there is a session cookie at all, even a doubled or malformed one.
    pub(super) has_session: bool,
}

/// The value of a cookie, or the fact that there were several.
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

    fn ticket(self) -> Option<Ticket> {
        match self {
            Self::One(value) => Ticket::parse(value),
            _ => None,
        }
    }
}

/// Reads our cookies.
pub(super) fn read(headers: &HeaderMap, names: &Names) -> Cookies {
    let (mut session, mut browser) = (Found::None, Found::None);
    for (name, value) in all(headers) {
        if name == names.session.as_bytes() {
            session.add(value);
        } else if name == names.browser.as_bytes() {
            browser.add(value);
        }
    }
    let has_session = !matches!(session, Found::None);
    Cookies { session: session.ticket(), browser: browser.ticket(), has_session }
}

/// Returns every CSRF token that the browser has: its own, and planted ones.
pub(super) fn csrf_tokens<'a>(headers: &'a HeaderMap, names: &Names) -> impl Iterator<Item = &'a [u8]> {
    all(headers).filter_map(|(name, value)| (name == names.csrf.as_bytes()).then_some(value))
}

/// Returns all cookies (RFC 6265, section 4.2.1): names match to the byte, values are not unquoted.
fn all(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers.get_all(header::COOKIE).iter().flat_map(|value| pairs(value.as_bytes())).filter_map(|pair| {
        let equals = memchr(b'=', pair)?;
        Some((pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii()))
    })
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

/// Tells whether a reply already sets or expires the session cookie.
pub(super) fn sets_session(headers: &HeaderMap, names: &Names) -> bool {
    headers.get_all(header::SET_COOKIE).iter().any(|cookie| {
        let name = cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default();
        name == names.session.as_bytes()
    })
}

/// The cookies to set with a reply.
pub(super) struct SetCookies {
    cookies: Vec<HeaderValue>,
    told: Option<HeaderValue>,
}

impl IntoResponseParts for SetCookies {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        self.append_to(parts.headers_mut());
        Ok(parts)
    }
}

impl SetCookies {
    pub(super) fn append_to(self, headers: &mut HeaderMap) {
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        if let Some(name) = self.told {
            headers.insert(&X_CSRF_COOKIE, name);
        }
    }

    fn none(gate: &Gate) -> Self {
        Self { cookies: Vec::with_capacity(3), told: gate.names().told.clone() }
    }

    /// Returns the ticket of a session that is open now, with its CSRF token. Both have the same lifetime.
    pub(super) fn signed_in(visit: &Visit, ticket: &Ticket) -> Self {
        let gate = visit.gate();
        let mut cookies = Self::none(gate);
        let (name, life) = (&gate.names().session, ticket_life(gate));
        cookies.set(gate, name, ticket.expose(), "; HttpOnly", life);
        cookies.set_token(gate, &csrf::of_session(gate, ticket), life);
        if visit.visitor().browser.is_none() {
            cookies.set_browser(gate, &Ticket::generate());
        }
        cookies
    }

    /// Returns the cookies after a sign-out: the ticket expires, and the CSRF token is the browser's own.
    pub(super) fn signed_out(visit: &Visit) -> Self {
        let gate = visit.gate();
        let mut cookies = Self::none(gate);
        let made = visit.visitor().browser.is_none().then(Ticket::generate);
        if let Some(browser) = made.as_ref().or(visit.visitor().browser.as_ref()) {
            cookies.set_token(gate, &csrf::of_browser(gate, browser), LONGEST);
        }
        if let Some(browser) = made {
            cookies.set_browser(gate, &browser);
        }
        // Sets the expired cookie last: the jar of curl 7.88 keeps an expired cookie when another cookie follows it.
        cookies.set(gate, &gate.names().session, "", "; HttpOnly", 0);
        cookies
    }

    /// Returns the browser cookie when it is new, and with it or alone a CSRF token for this browser.
    pub(super) fn csrf(visit: &Visit, with_token: bool) -> Self {
        let gate = visit.gate();
        let mut cookies = Self::none(gate);
        if with_token {
            let life = if visit.visitor().session.is_some() { ticket_life(gate) } else { LONGEST };
            cookies.set_token(gate, visit.csrf_token(), life);
        }
        if let Some(browser) = visit.new_browser() {
            cookies.set_browser(gate, browser);
        }
        cookies
    }

    fn set_token(&mut self, gate: &Gate, token: &str, life: u64) {
        self.set(gate, &gate.names().csrf, token, "", life);
    }

    fn set_browser(&mut self, gate: &Gate, browser: &Ticket) {
        self.set(gate, &gate.names().browser, browser.expose(), "; HttpOnly", LONGEST);
    }

    fn set(&mut self, gate: &Gate, name: &str, value: &str, http_only: &str, max_age: u64) {
        let secure = if gate.context().config().public_url.is_https() { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; SameSite=Lax; Max-Age={max_age}{http_only}{secure}");
        // Names are checked at the start and values are base64url: always a valid header.
        self.cookies.extend(HeaderValue::try_from(cookie));
    }
}

/// Returns the life of a ticket's cookie, in seconds: the idle limit.
fn ticket_life(gate: &Gate) -> u64 {
    gate.context().config().session.idle.duration().as_secs().max(1)
}
