//! Who a request comes from, before anybody knows which person that is.

use crate::model::network::Network;
use crate::secret::Ticket;

/// What a request shows of its sender.
pub(crate) struct Visitor {
    /// From where.
    pub(crate) network: Network,
    /// The session cookie, which may be dead or invented.
    pub(crate) session: Option<Ticket>,
    /// The browser cookie.
    pub(crate) browser: Option<Ticket>,
}
