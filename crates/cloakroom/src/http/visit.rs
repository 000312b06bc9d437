//! A request as the cloakroom sees it: who sent it, from where, with which tickets.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use http::HeaderMap;
use http::request::Parts;

use crate::cloakroom::Cloakroom;
use crate::error::{Error, Result};
use crate::flow::session::{self, Live};
use crate::flow::social::Arrival;
use crate::http::cookies::{Cookies, SetCookies};
use crate::mail::outbox::Occasion;
use crate::model::network::Network;
use crate::model::visitor::Visitor;

/// Put into each request by the guard.
#[derive(Clone)]
pub(crate) struct Visit(Arc<Inner>);

struct Inner {
    cloakroom: Cloakroom,
    visitor: Visitor,
    is_renewed: AtomicBool,
}

impl Visit {
    pub(super) fn new(cloakroom: Cloakroom, request: &Request, cookies: Cookies<'_>) -> Self {
        let network = network(&cloakroom, request);
        let visitor = Visitor { network, session: cookies.session, browser: cookies.browser };
        Self(Arc::new(Inner { cloakroom, visitor, is_renewed: AtomicBool::new(false) }))
    }

    pub(super) fn cloakroom(&self) -> &Cloakroom {
        &self.0.cloakroom
    }

    pub(super) fn visitor(&self) -> &Visitor {
        &self.0.visitor
    }

    /// Who is here, and how their mails say so.
    pub(super) fn arrival<'a>(&'a self, occasion: &'a Occasion) -> Arrival<'a> {
        Arrival { visitor: self.visitor(), occasion }
    }

    /// The open session, if there is one.
    pub(super) async fn session(&self) -> Result<Option<Arc<Live>>> {
        let Some(ticket) = &self.0.visitor.session else { return Ok(None) };
        let Some(opened) = session::authenticate(&self.0.cloakroom, ticket).await? else { return Ok(None) };
        if opened.is_renewed {
            self.0.is_renewed.store(true, Ordering::Relaxed);
        }
        Ok(Some(opened.live))
    }

    /// After what may have ended this browser's own session: the cookies of somebody who is signed out, if it has. What was
    /// done is done, so storage that is away just now makes no failure of it.
    pub(super) async fn farewell(&self) -> Option<SetCookies> {
        self.0.visitor.session.as_ref()?;
        matches!(self.session().await, Ok(None)).then(|| SetCookies::signed_out(self))
    }

    /// The cookie again, when the idle end has moved.
    pub(super) fn renewal(&self) -> Option<SetCookies> {
        let ticket = self.0.visitor.session.as_ref()?;
        self.0.is_renewed.load(Ordering::Relaxed).then(|| SetCookies::signed_in(self, ticket))
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

/// The network of the client: the peer's, or what a trusted proxy says.
fn network(cloakroom: &Cloakroom, request: &Request) -> Network {
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else {
        return Network::Unknown;
    };
    let peer = peer.ip().to_canonical();
    let is_trusted =
        |address: IpAddr| cloakroom.config().trusted_proxies.iter().any(|network| network.contains(&address));
    if is_trusted(peer) { forwarded(request.headers(), is_trusted) } else { peer.into() }
}

/// The right-most address that is not a trusted proxy's: what stands left of it, its sender may have invented. If that
/// cannot be read, all such requests share one count.
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

/// An address as proxies write it: bare, or with a port, an IPv6 one then in brackets.
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
