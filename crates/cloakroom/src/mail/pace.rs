//! The durations of the last mails, so that an attempt with nothing to send takes as long.
//!
//! It is looked up when a mail is written whether its address has an account. A mail that then has no recipient must not make
//! way for the next one sooner than a real one would.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::secret;

/// The number of last mails that count.
const KEPT: usize = 16;
/// The assumed duration of a mail before any has been sent.
const FIRST: Duration = Duration::from_millis(200);
/// The longest random wait before a mail.
const LONGEST_START: Duration = Duration::from_secs(1);

/// The durations of the last mails.
pub(super) struct Pace {
    last: Mutex<VecDeque<Duration>>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { last: Mutex::new(VecDeque::from([FIRST])) }
    }

    /// Records the duration of a mail.
    pub(super) fn note(&self, took: Duration) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT || last.iter().eq(&[FIRST]) {
            last.pop_front();
        }
        last.push_back(took);
    }

    /// Returns the duration of one of the last mails, chosen at random.
    pub(super) fn like_one_of_the_last(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = secret::below(u64::try_from(last.len()).unwrap_or(1));
        usize::try_from(chosen).ok().and_then(|chosen| last.get(chosen).copied()).unwrap_or(FIRST)
    }

    /// Returns a random wait before a mail, as long as a mail at most. It hides what the length of the queue before it could
    /// still reveal.
    pub(super) fn start(&self) -> Duration {
        let longest = self.like_one_of_the_last().min(LONGEST_START);
        let nanoseconds = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(secret::below(nanoseconds.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_s5_the_last_mails_set_the_pace() {
        let pace = Pace::new();
        assert_eq!(pace.like_one_of_the_last(), FIRST);
        for milliseconds in 1..=100 {
            pace.note(Duration::from_millis(milliseconds));
        }
        for _ in 0..100 {
            assert!((85..=100).contains(&pace.like_one_of_the_last().as_millis()));
            assert!(pace.start() < Duration::from_millis(100));
        }
        pace.note(Duration::from_hours(1));
        assert!((0..100).all(|_| pace.start() < LONGEST_START));
    }
}
