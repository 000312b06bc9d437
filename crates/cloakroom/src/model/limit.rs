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
    /// True if the limit refuses attempts; false if it only counts them for later.
    pub(crate) is_met: bool,
}

/// A key after an attempt, and the end of its window.
pub(crate) struct Count {
    pub(crate) key: String,
    pub(crate) resets_at: Timestamp,
    pub(crate) outcome: Counting,
}

/// The outcome of an attempt under one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Counting {
    /// Counted. The window has room for another attempt.
    Counted,
    /// Counted as the last attempt that the window has room for.
    Last,
    /// Not counted: the window was full. A limit that is met refuses the attempt.
    Full,
    /// Not counted, although there is room: a limit before this one has refused the attempt.
    Skipped,
}

impl Counting {
    pub(crate) fn is_counted(self) -> bool {
        matches!(self, Self::Counted | Self::Last)
    }

    /// Tells whether the window has no room for another attempt.
    pub(crate) fn is_full(self) -> bool {
        matches!(self, Self::Last | Self::Full)
    }
}
