//! The places that connections take, and the choice of the connection to close when places become scarce.
//!
//! One place is always kept free: when the last one is taken, the connection that has waited longest for its client is
//! closed. A network may have a quarter of all places; beyond that its own longest waiting connection is closed. So
//! neither silent sockets nor idle ones keep other clients out. A connection whose request is handled is never closed.
//!
//! Connections of trusted proxies carry many clients: no share limits them, and they are the last to be closed.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::standing::Standing;

/// The divisor of all places that gives a network's share, which is at least [`LEAST_OF_A_NETWORK`].
const SHARE_OF_A_NETWORK: usize = 4;

/// The least share of a network. A browser opens six connections, and a share for fewer than two browsers would slow
/// them down.
const LEAST_OF_A_NETWORK: usize = 16;

/// The interval at which a connection to close is looked for while all places are taken.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An IPv4 address, or the first 64 bits of an IPv6 address: the range that a provider gives to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u64),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// A function that tells whether an address is that of a trusted proxy.
pub type IsProxy = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// All places of one listener; clones share them.
#[derive(Clone)]
pub(super) struct Places {
    slots: Arc<Semaphore>,
    most_of_a_network: usize,
    is_proxy: IsProxy,
    started: Instant,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Connection>,
    of_network: HashMap<Network, usize>,
}

struct Connection {
    network: Network,
    is_proxy: bool,
    standing: Arc<Standing>,
}

impl Places {
    /// Creates `most` places.
    pub(super) fn new(most: usize, is_proxy: IsProxy) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(most)),
            most_of_a_network: (most / SHARE_OF_A_NETWORK).max(LEAST_OF_A_NETWORK),
            is_proxy,
            started: Instant::now(),
            taken: Arc::default(),
        }
    }

    /// Waits for a free slot. While there is none, the longest waiting connection is closed.
    pub(super) async fn slot(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(Ok(slot)) = timeout(LOOK_AGAIN, Arc::clone(&self.slots).acquire_owned()).await {
                return slot;
            }
            self.lock().close_longest_waiting(|_| true);
        }
    }

    /// Takes a slot if one is free at this moment.
    pub(super) fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Gives a place to a connection from `peer`, and closes another connection if places are scarce.
    pub(super) fn take(&self, slot: OwnedSemaphorePermit, peer: SocketAddr) -> Place {
        let network = Network::from(peer.ip());
        let is_proxy = (self.is_proxy)(peer.ip().to_canonical());
        let standing = Arc::new(Standing::new(self.started));
        let mut taken = self.lock();
        let count = taken.of_network.entry(network).or_default();
        *count += 1;
        if *count > self.most_of_a_network && !is_proxy {
            taken.close_longest_waiting(|connection| connection.network == network);
        } else if self.slots.available_permits() == 0 {
            taken.close_longest_waiting(|_| true);
        }
        let id = taken.next;
        taken.next += 1;
        let connection = Connection { network, is_proxy, standing: Arc::clone(&standing) };
        taken.connections.insert(id, connection);
        Place { id, standing, taken: Arc::clone(&self.taken), _slot: slot }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Closes the one of these connections that has waited longest. It closes a proxy's only when there is no other.
    fn close_longest_waiting(&self, among: impl Fn(&Connection) -> bool) {
        let waiting = self.connections.values().filter(|connection| among(connection));
        let longest = waiting
            .filter_map(|connection| {
                let since = connection.standing.waiting_since()?;
                Some(((connection.is_proxy, since), connection))
            })
            .min_by_key(|(rank, _)| *rank);
        if let Some((_, connection)) = longest {
            connection.standing.end();
        }
    }
}

/// A connection's place, which is released when dropped.
pub(super) struct Place {
    id: u64,
    pub(super) standing: Arc<Standing>,
    taken: Arc<Mutex<Taken>>,
    _slot: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Connection { network, .. }) = taken.connections.remove(&self.id) else { return };
        if let Some(count) = taken.of_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                taken.of_network.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> SocketAddr {
        (address.parse::<IpAddr>().unwrap(), 1).into()
    }

    fn is_ending(place: &Place) -> bool {
        place.standing.waiting_since().is_none() && place.standing.is_waiting()
    }

    fn take(places: &Places, address: &str) -> Place {
        let slot = places.free_slot().unwrap();
        let place = places.take(slot, from(address));
        std::thread::sleep(Duration::from_millis(2));
        place
    }

    #[test]
    fn finding_s15_a_network_beyond_its_share_gives_up_its_own_longest_waiting() {
        let places = Places::new(100, Arc::new(|_| false));
        let other = take(&places, "2001:db8::1");
        let mut greedy: Vec<_> =
            (0..25).map(|host| take(&places, &format!("2001:db8:0:1::{host}"))).collect();
        assert!(!greedy.iter().any(is_ending));
        // Its request is handled, so it must not be closed.
        greedy[0].standing.has_request();
        greedy.push(take(&places, "2001:db8:0:1:ffff::"));
        let ending: Vec<_> = greedy.iter().map(is_ending).collect();
        assert_eq!(ending.iter().position(|&is| is), Some(1));
        assert_eq!(ending.iter().filter(|&&is| is).count(), 1);
        assert!(!is_ending(&other));
    }

    #[test]
    fn finding_s15_the_last_place_is_made_free_again_and_proxies_go_last() {
        let places = Places::new(4, Arc::new(|address| address == IpAddr::from([10, 0, 0, 1])));
        let held: Vec<_> =
            ["10.0.0.1", "::ffff:10.0.0.1", "192.0.2.1", "192.0.2.2"].map(|peer| take(&places, peer)).into();
        let ending: Vec<_> = held.iter().map(is_ending).collect();
        assert_eq!(ending, [false, false, true, false]);
    }
}
