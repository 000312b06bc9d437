//! The sender of a request, before the person is known.

use std::sync::Arc;

use crate::model::device::Device;
use crate::model::event::Origin;
use crate::model::network::Network;
use crate::secret::Ticket;

/// The data by which a request identifies its sender.
pub(crate) struct Visitor {
    /// The network that it comes from.
    pub(crate) network: Network,
    /// The session cookie, which may have expired or been invented.
    pub(crate) session: Option<Ticket>,
    /// The browser cookie.
    pub(crate) browser: Option<Ticket>,
    /// The data of the request that events record.
    pub(crate) client: Client,
}

/// The browser and the id of a request that changes something. Other requests record no event, so nothing is read for them.
#[derive(Clone, Default)]
pub(crate) struct Client {
    pub(crate) device: Device,
    pub(crate) request_id: Option<RequestId>,
}

impl Visitor {
    /// Returns the request as events record it.
    pub(crate) fn origin(&self) -> Origin {
        let Client { device, request_id } = self.client.clone();
        Origin { network: Some(self.network), device, session_id: None, request_id }
    }
}

/// The id of a request, for events. Put it into the extensions of requests that change something, before they reach the
/// [layer](crate::Cloakroom::layer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The longest id that is kept, in bytes.
    const LONGEST: usize = 128;

    /// Takes the id by which your log names the request. Of a longer text, it keeps the first 128 bytes.
    pub fn new(text: &str) -> Self {
        Self(text[..text.floor_char_boundary(Self::LONGEST)].into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
