//! A request as the cloakroom sees it: its sender, its network, and its tickets.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use tokio::sync::OnceCell;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::session::Authenticated;
use crate::flow::social::Arrival;
use crate::http::cookies::{Cookies, SetCookies};
use crate::http::csrf;
use crate::http::gate::Gate;
use crate::http::rejection::Rejection;
use crate::mail::outbox::Occasion;
use crate::model::device::device;
use crate::model::network::Network;
use crate::model::visitor::{Client, RequestId, Visitor};
use crate::secret::Ticket;
use crate::session::{Live, Opened};

/// The visit that the guard puts into each request.
#[derive(Clone)]
pub(crate) struct Visit(Arc<Inner>);

struct Inner {
    gate: Gate,
    visitor: Visitor,
    has_session_cookie: bool,
    /// The session of the ticket, once it has been looked up.
    opened: OnceCell<Option<Opened>>,
    /// The CSRF token, made on first use.
    csrf: OnceLock<Csrf>,
    /// Set when a page was given the token.
    has_given_token: AtomicBool,
    /// Set when the browser is to have the token's cookie: the value tells whether it has it already.
    has_token: OnceLock<bool>,
}

/// The CSRF token that fits the cookies of this browser.
struct Csrf {
    token: String,
    /// The browser cookie that the token belongs to, when it is new.
    new_browser: Option<Ticket>,
}

impl Visit {
    pub(super) fn new(gate: Gate, request: &Request, cookies: Cookies) -> Self {
        let network = network(&gate, request);
        let client = if csrf::is_unsafe(request.method()) { client(request) } else { Client::default() };
        let visitor = Visitor { network, session: cookies.session, browser: cookies.browser, client };
        Self(Arc::new(Inner {
            gate,
            visitor,
            has_session_cookie: cookies.has_session,
            opened: OnceCell::new(),
            csrf: OnceLock::new(),
            has_given_token: AtomicBool::new(false),
            has_token: OnceLock::new(),
        }))
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(super) fn context(&self) -> &Context {
        self.0.gate.context()
    }

    pub(super) fn visitor(&self) -> &Visitor {
        &self.0.visitor
    }

    /// Returns the visitor and their session, with the occasion that their mails state.
    pub(super) async fn arrival<'a>(&'a self, occasion: &'a Occasion) -> Result<Arrival<'a>> {
        Ok(Arrival { visitor: self.visitor(), occasion, session: self.session().await? })
    }

    /// Returns somebody who is signed in by a session, with the occasion that their mails state.
    ///
    /// # Errors
    /// [`Error::NotAuthenticated`].
    pub(super) async fn authenticated<'a>(&'a self, occasion: &'a Occasion) -> Result<Authenticated<'a>> {
        Ok(Authenticated { session: self.require_session().await?, visitor: self.visitor(), occasion })
    }

    /// Returns the open session, if there is one. It is looked up on first use.
    pub(super) async fn session(&self) -> Result<Option<&Live>> {
        let opened = self.0.opened.get_or_try_init(|| self.open()).await?;
        Ok(opened.as_ref().map(|opened| &*opened.live))
    }

    /// Returns the open session.
    ///
    /// # Errors
    /// [`Error::NotAuthenticated`] when there is none.
    pub(super) async fn require_session(&self) -> Result<&Live> {
        self.session().await?.ok_or(Error::NotAuthenticated)
    }

    async fn open(&self) -> Result<Option<Opened>> {
        match &self.0.visitor.session {
            Some(ticket) => self.context().sessions().authenticate(ticket).await,
            None => Ok(None),
        }
    }

    /// Returns the cookies of a signed-out browser when a call may have ended its own session, if it has ended. The call has
    /// succeeded already, so unavailable storage is no failure here.
    pub(super) async fn farewell(&self) -> Option<SetCookies> {
        let ticket = self.0.visitor.session.as_ref()?;
        // Looked up again: the session may have ended since the first look-up.
        match self.open().await {
            Ok(None) => Some(SetCookies::signed_out(self)),
            Ok(Some(opened)) => opened.is_renewed.then(|| SetCookies::signed_in(self, ticket)),
            Err(_) => None,
        }
    }

    /// Returns the cookie again, when the look-up of this request has moved the idle end. A ticket that was replaced while its
    /// request was answered is not sent: it would replace the new one.
    pub(super) fn renewal(&self) -> Option<SetCookies> {
        let opened = self.0.opened.get()?.as_ref().filter(|opened| opened.is_renewed)?;
        let ticket = self.0.visitor.session.as_ref()?;
        self.context().sessions().has(opened.live.ticket).then(|| SetCookies::signed_in(self, ticket))
    }

    /// Tells whether there is a session cookie at all, even a doubled or malformed one.
    pub(super) fn has_session_cookie(&self) -> bool {
        self.0.has_session_cookie
    }

    /// Returns the CSRF token of this browser: of its session cookie, dead or not, else of its browser cookie, which may be
    /// new.
    pub(super) fn csrf_token(&self) -> &str {
        &self.csrf().token
    }

    /// Returns the browser cookie that the token belongs to, when it is new.
    pub(super) fn new_browser(&self) -> Option<&Ticket> {
        self.csrf().new_browser.as_ref()
    }

    fn csrf(&self) -> &Csrf {
        self.0.csrf.get_or_init(|| {
            let (gate, visitor) = (self.gate(), self.visitor());
            let new_browser = visitor.browser.is_none().then(Ticket::generate);
            let browser = new_browser.as_ref().or(visitor.browser.as_ref());
            let token = match (&visitor.session, browser) {
                (Some(session), _) => csrf::of_session(gate, session),
                (None, Some(browser)) => csrf::of_browser(gate, browser),
                (None, None) => unreachable!("a browser cookie is made where there is none"),
            };
            Csrf { token, new_browser }
        })
    }

    /// Returns the browser cookie's value.
    ///
    /// # Errors
    /// [`Rejection::CsrfFailed`] when there is none. A session cookie alone does not name a browser.
    pub(super) fn require_browser(&self) -> std::result::Result<&Ticket, Rejection> {
        self.visitor().browser.as_ref().ok_or_else(|| {
            let hint = "There is no browser cookie: call GET /api/session/ first.";
            Rejection::CsrfFailed { hint: self.context().config().development.then(|| hint.to_owned()) }
        })
    }

    /// Makes the reply set the CSRF cookie, unless the request has it. A request from before a sign-in that is answered after
    /// it must not replace the new cookie.
    pub(super) fn ensure_token(&self, headers: &HeaderMap) {
        self.0.has_token.get_or_init(|| csrf::has_fitting_token(self, headers));
    }

    /// Records that a page is given the token, and returns the token.
    pub(super) fn give_token(&self) -> String {
        self.0.has_given_token.store(true, Ordering::Relaxed);
        self.csrf_token().to_owned()
    }

    pub(super) fn has_given_token(&self) -> bool {
        self.0.has_given_token.load(Ordering::Relaxed)
    }

    /// Tells whether the browser has the token's cookie; `None` when it is not to have one.
    pub(super) fn asked_token(&self) -> Option<bool> {
        self.0.has_token.get().copied()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Error::internal("this route is not below `.layer(cloakroom.layer())`, which every route that asks for the user needs")
        })
    }
}

/// Returns the browser that a request names, and the id that the server gave it.
fn client(request: &Request) -> Client {
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Client {
        device: device(user_agent.unwrap_or_default()),
        request_id: request.extensions().get::<RequestId>().cloned(),
    }
}

/// Returns the network of the client: the peer's, or the one that a trusted proxy reports.
fn network(gate: &Gate, request: &Request) -> Network {
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else {
        return Network::Unknown;
    };
    let peer = peer.ip().to_canonical();
    let is_trusted = |address: IpAddr| {
        gate.context().config().trusted_proxies.iter().any(|network| network.contains(&address))
    };
    if is_trusted(peer) {
        return forwarded(request.headers(), is_trusted);
    }
    if Network::from(peer).is_private() && request.headers().contains_key("x-forwarded-for") {
        gate.tell_of_proxy(peer);
    }
    peer.into()
}

/// Returns the right-most address that is not a trusted proxy's: the sender may have invented any address left of it. If that
/// address cannot be read, all such requests share one count.
fn forwarded(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Network {
    for value in headers.get_all("x-forwarded-for").iter().rev() {
        let Ok(text) = value.to_str() else { return Network::Unknown };
        for hop in text.rsplit(',') {
            match address(hop.trim()) {
                Some(address) if is_trusted(address) => {}
                Some(address) => return address.into(),
                None => return Network::Unknown,
            }
        }
    }
    Network::Unknown
}

/// Parses an address as proxies write it: bare, or with a port and then an IPv6 one in brackets.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(bare) = text.parse::<IpAddr>() {
        return Some(bare.to_canonical());
    }
    let text = text.trim_matches('"');
    // A zone (RFC 4007) names an interface of the proxy's machine, not another address.
    let (before, after) = text.split_once('%').unwrap_or((text, ""));
    let text = match after.find(']') {
        Some(end) => &format!("{before}{}", &after[end..]),
        None => before,
    };
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .map(|address| address.to_canonical())
}
