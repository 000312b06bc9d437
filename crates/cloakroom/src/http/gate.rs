//! Everything that the requests behind one guard share: the context, the names of the cookies, and counts of refusals.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::Context;
use crate::http::cookies::Names;
use crate::http::refusals::Refusals;

/// The shared part of a guard and of every request that it lets through.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    context: Context,
    names: Names,
    refusals: Refusals,
    /// Set once the warning about an untrusted proxy has been logged.
    is_proxy_told: AtomicBool,
}

impl Gate {
    pub(crate) fn new(context: Context) -> Self {
        let names = Names::new(context.config());
        let is_proxy_told = AtomicBool::new(false);
        Self(Arc::new(Inner { context, names, refusals: Refusals::new(), is_proxy_told }))
    }

    pub(super) fn context(&self) -> &Context {
        &self.0.context
    }

    /// Returns the names of the cookies.
    pub(super) fn names(&self) -> &Names {
        &self.0.names
    }

    pub(super) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// Logs, once, a warning about requests through a proxy that the configuration does not name.
    pub(super) fn tell_of_proxy(&self, peer: IpAddr) {
        if !self.0.is_proxy_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For comes from a private address that trusted_proxies does not name: it is not believed, and all \
                 who come that way share one address and its limits"
            );
        }
    }
}
