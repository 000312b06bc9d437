//! A limit on attempts, and the count of a key.

use crate::clock::Timestamp;
use crate::model::rate::Rate;

/// A key in the table of limits, and the rate at which it may be counted.
pub(crate) struct Limit {
    pub(crate) key: String,
    pub(crate) rate: Rate,
    pub(crate) kind: &'static str,
    /// Bits of the network that it counts; 0 where it does not count by network.
    pub(crate) bits: u8,
    /// Whether it refuses; otherwise it is counted for later.
    pub(crate) is_met: bool,
}

/// A key's count after an attempt, and the end of its window.
pub(crate) struct Count {
    pub(crate) key: String,
    pub(crate) tries: i64,
    pub(crate) resets_at: Timestamp,
    /// Whether this attempt is among them: beyond a limit that is used up nothing is counted.
    pub(crate) is_counted: bool,
}
