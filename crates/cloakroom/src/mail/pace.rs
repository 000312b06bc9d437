//! How long the last mails took, so that what has nothing to send takes as long.
//!
//! Whether an address has an account is looked up when its mail is written. A mail that then turns out to be for nobody must
//! not make way for the next one sooner than a real one would.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::secret;

/// So many of the last mails count.
const KEPT: usize = 16;
/// The assumed time of a mail before any has been sent.
const FIRST: Duration = Duration::from_millis(200);
/// The longest random wait before a mail.
const LONGEST_START: Duration = Duration::from_secs(1);

/// The times of the last mails.
pub(super) struct Pace {
    last: Mutex<VecDeque<Duration>>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { last: Mutex::new(VecDeque::from([FIRST])) }
    }

    /// Notes how long a mail took.
    pub(super) fn note(&self, took: Duration) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT || last.iter().eq(&[FIRST]) {
            last.pop_front();
        }
        last.push_back(took);
    }

    /// The time of one of the last mails, chosen at random.
    pub(super) fn like_one_of_the_last(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = secret::below(u64::try_from(last.len()).unwrap_or(1));
        usize::try_from(chosen).ok().and_then(|chosen| last.get(chosen).copied()).unwrap_or(FIRST)
    }

    /// A random wait before a mail, as long as a mail at most: it hides the rest of what the queue before it would tell.
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
