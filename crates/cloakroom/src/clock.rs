//! The only place that reads the time, so that a test can turn it and a lint can forbid it elsewhere.
//!
//! Times are stored as milliseconds since 1970 in both engines: as text they would not sort.

use std::fmt;
#[cfg(any(test, feature = "testing"))]
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in UTC, in milliseconds since 1970-01-01; RFC 3339 when written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes an instant from milliseconds since 1970, as storage keeps it.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Adds `duration` to this instant. The latest instant is returned instead of an overflow.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// Subtracts `duration` from this instant.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Returns the duration from `earlier` until this instant; zero when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|instant| instant.format(&Rfc3339).ok());
        formatter.write_str(text.as_deref().unwrap_or("9999-12-31T23:59:59Z"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant = OffsetDateTime::parse(&text, &Rfc3339).map_err(serde::de::Error::custom)?;
        i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The source of the time.
#[derive(Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that a test can turn: the machine's clock and what a test has added.
    #[cfg(any(test, feature = "testing"))]
    Dial(Arc<Dial>),
}

/// The time that a test has added to the machine's clock, in milliseconds.
#[cfg(any(test, feature = "testing"))]
#[derive(Default)]
pub struct Dial {
    /// The time that is added on every node.
    added: AtomicI64,
    /// The time that is added on this node alone, whose clock is wrong.
    skew: AtomicI64,
}

impl Clock {
    /// Returns the present instant.
    #[expect(clippy::disallowed_methods, reason = "this is the door that the lint points to")]
    pub fn now(&self) -> Timestamp {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        match self {
            Self::System => Timestamp(millis(since_1970)),
            #[cfg(any(test, feature = "testing"))]
            Self::Dial(dial) => Timestamp(
                millis(since_1970) + dial.added.load(Ordering::SeqCst) + dial.skew.load(Ordering::SeqCst),
            ),
        }
    }

    /// Returns the time of another clock, turned as far as the dial is.
    pub(crate) fn turned(&self, instant: Timestamp) -> Timestamp {
        match self {
            Self::System => instant,
            #[cfg(any(test, feature = "testing"))]
            Self::Dial(dial) => Timestamp(instant.0 + dial.added.load(Ordering::SeqCst)),
        }
    }

    /// Lets this node's clock run ahead of every other one.
    #[cfg(any(test, feature = "testing"))]
    pub fn run_ahead(&self, duration: Duration) {
        if let Self::Dial(dial) = self {
            dial.skew.fetch_add(millis(duration), Ordering::SeqCst);
        }
    }

    /// Tells whether a test can turn this clock.
    pub(crate) fn is_dial(&self) -> bool {
        !matches!(self, Self::System)
    }

    /// Turns the dial forward by `duration`. The machine's clock does not change.
    #[cfg(any(test, feature = "testing"))]
    pub fn advance(&self, duration: Duration) {
        if let Self::Dial(dial) = self {
            dial.added.fetch_add(millis(duration), Ordering::SeqCst);
        }
    }

    /// Turns the dial back by `duration`, as happens to a machine's clock that was ahead.
    #[cfg(any(test, feature = "testing"))]
    pub fn set_back(&self, duration: Duration) {
        if let Self::Dial(dial) = self {
            dial.added.fetch_sub(millis(duration), Ordering::SeqCst);
        }
    }
}
