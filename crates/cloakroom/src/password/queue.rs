//! The queue of hashes. It is fair between networks, so that a flood from one network delays only that network.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::model::network::Network;

/// The most sign-ins in progress at once, those on a thread included.
pub(super) const PLACES: usize = 1024;
/// The most places of one network: an eighth of all. At some 40 hashes a second and core, the last of them waits one or two
/// seconds. A further request gets 503 at once.
pub(super) const OF_NETWORK: usize = PLACES / 8;
/// The most places of one holder's block (IPv4 /24, IPv6 /48): half of all.
const OF_BLOCK: usize = PLACES / 2;

/// The number of places above which a block is a crowd. Three times out of four, waiting tasks of others come before a crowd's.
const CROWD: usize = OF_NETWORK / 4;
/// The number of turns in a row in which a crowd is passed over.
const PASSED_OVER: usize = 3;

/// The tasks that wait for a thread, and the holders of places.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    bell: Condvar,
}

struct State<T> {
    places: usize,
    of_networks: HashMap<Network, usize>,
    of_blocks: HashMap<Network, usize>,
    waiting: Turns<Turns<VecDeque<T>>>,
    passed_over: usize,
    length: usize,
    is_closed: bool,
}

/// The lines that are served in turn, by network.
struct Turns<L> {
    order: VecDeque<Network>,
    lines: HashMap<Network, L>,
}

impl<L> Default for Turns<L> {
    fn default() -> Self {
        Self { order: VecDeque::new(), lines: HashMap::new() }
    }
}

/// A line of tasks, or of lines that are served in turn.
trait Line: Default {
    type Task;
    fn next(&mut self) -> Option<Self::Task>;
    fn is_empty(&self) -> bool;
}

impl<T> Line for VecDeque<T> {
    type Task = T;

    fn next(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

impl<L: Line> Line for Turns<L> {
    type Task = L::Task;

    fn next(&mut self) -> Option<L::Task> {
        let network = self.order.pop_front()?;
        let line = self.lines.get_mut(&network)?;
        let task = line.next();
        if line.is_empty() {
            self.lines.remove(&network);
        } else {
            self.order.push_back(network);
        }
        task
    }

    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl<L: Line> Turns<L> {
    /// Returns the line of a network. A new line is served last.
    fn line(&mut self, network: Network) -> &mut L {
        let Self { order, lines } = self;
        lines.entry(network).or_insert_with(|| {
            order.push_back(network);
            L::default()
        })
    }
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let state = State {
            places: 0,
            of_networks: HashMap::new(),
            of_blocks: HashMap::new(),
            waiting: Turns::default(),
            passed_over: 0,
            length: 0,
            is_closed: false,
        };
        Self { state: Mutex::new(state), bell: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether [`Queue::take`] would give a place now.
    pub(super) fn has_room(&self, network: Network) -> bool {
        self.state().has_room(network)
    }

    /// Takes a place for a request from `network`. Tells whether there was one.
    pub(super) fn take(&self, network: Network) -> bool {
        let mut state = self.state();
        let has_room = state.has_room(network);
        if has_room {
            state.places += 1;
            *state.of_networks.entry(network).or_default() += 1;
            *state.of_blocks.entry(network.block()).or_default() += 1;
        }
        has_room
    }

    /// Gives a place back.
    pub(super) fn give_back(&self, network: Network) {
        let mut state = self.state();
        state.places = state.places.saturating_sub(1);
        let State { of_networks, of_blocks, .. } = &mut *state;
        for (held, network) in [(of_networks, network), (of_blocks, network.block())] {
            if let Some(count) = held.get_mut(&network) {
                *count -= 1;
                if *count == 0 {
                    held.remove(&network);
                }
            }
        }
    }

    /// Adds a task of a request that has a place.
    pub(super) fn push(&self, network: Network, task: T) {
        let mut state = self.state();
        state.waiting.line(network.block()).line(network).push_back(task);
        state.length += 1;
        drop(state);
        self.bell.notify_one();
    }

    /// Waits for the next task and returns it: of the next block its next network, and of this one the oldest task. Returns
    /// `None` once the queue is closed.
    pub(super) fn pop(&self) -> Option<T> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            state.pass_over_a_crowd();
            if let Some(task) = state.waiting.next() {
                state.length -= 1;
                return Some(task);
            }
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells whether a task waits for a thread.
    pub(super) fn is_waiting(&self) -> bool {
        self.state().length > 0
    }

    /// Closes the queue, so that the threads end.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.bell.notify_all();
    }
}

impl<T> State<T> {
    /// Serves others before the crowd whose turn it is, but not always.
    fn pass_over_a_crowd(&mut self) {
        let order = &mut self.waiting.order;
        let is_crowd = |block: &Network| self.of_blocks.get(block).is_some_and(|places| *places > CROWD);
        let first = order.iter().position(|block| !is_crowd(block)).filter(|first| *first > 0);
        let block = first.filter(|_| self.passed_over < PASSED_OVER).and_then(|first| order.remove(first));
        self.passed_over = if block.is_some() { self.passed_over + 1 } else { 0 };
        if let Some(block) = block {
            order.push_front(block);
        }
    }

    fn has_room(&self, network: Network) -> bool {
        let held = |map: &HashMap<Network, usize>, network| map.get(&network).copied().unwrap_or(0);
        self.places < PLACES
            && held(&self.of_networks, network) < OF_NETWORK
            && held(&self.of_blocks, network.block()) < OF_BLOCK
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(address: &str) -> Network {
        address.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn finding_s3_one_network_has_an_eighth_of_the_places_and_one_block_half() {
        let queue: Queue<u8> = Queue::new();
        let taken = |network: &str| (0..PLACES).take_while(|_| queue.take(at(network))).count();
        assert_eq!(taken("192.0.2.1"), PLACES / 8);
        assert_eq!(taken("192.0.2.2"), PLACES / 8, "another address is another network");
        assert_eq!((taken("192.0.2.3"), taken("192.0.2.4")), (PLACES / 8, PLACES / 8));
        assert_eq!(taken("192.0.2.5"), 0, "half of all are the block's");
        assert_eq!(taken("2001:db8:1:2::1"), PLACES / 8);
        assert!(!queue.has_room(at("2001:db8:1:2::2")) && queue.has_room(at("2001:db8:1:3::2")));
        queue.give_back(at("192.0.2.1"));
        assert!(queue.take(at("192.0.2.5")) && !queue.has_room(at("192.0.2.1")));
    }

    #[test]
    fn finding_s3_networks_are_served_in_turn_and_blocks_before_them() {
        let queue = Queue::new();
        for number in 0..5 {
            queue.push(at("192.0.2.1"), format!("flood {number}"));
        }
        queue.push(at("192.0.2.2"), "its neighbour".to_owned());
        queue.push(at("198.51.100.1"), "somebody else".to_owned());
        queue.push(at("198.51.100.1"), "somebody else again".to_owned());
        let served: Vec<String> =
            std::iter::from_fn(|| queue.is_waiting().then(|| queue.pop()).flatten()).collect();
        assert_eq!(
            served,
            [
                "flood 0",
                "somebody else",
                "its neighbour",
                "somebody else again",
                "flood 1",
                "flood 2",
                "flood 3",
                "flood 4"
            ]
        );
    }

    #[test]
    fn finding_s3_a_crowd_has_a_quarter_of_the_turns() {
        let queue = Queue::new();
        while queue.take(at("192.0.2.1")) {
            queue.push(at("192.0.2.1"), "flood");
        }
        for _ in 0..8 {
            queue.push(at("198.51.100.1"), "honest");
        }
        let served: Vec<_> = (0..9).filter_map(|_| queue.pop()).collect();
        let honest = served.iter().filter(|task| **task == "honest").count();
        assert!((6..=7).contains(&honest), "{served:?}");
        assert!(served.contains(&"flood"));
    }

    #[test]
    fn a_closed_queue_gives_nothing_more() {
        let queue = Queue::new();
        queue.push(at("192.0.2.1"), 1);
        queue.close();
        assert_eq!(queue.pop(), None);
    }
}
