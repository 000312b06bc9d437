//! Log lines that an outsider can cause: they are counted, and reported together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counts events of one kind, so that they write a bounded number of log lines a period.
///
/// The caller reports the first events of a period one by one. The rest is reported together when the period ends.
#[derive(Clone)]
pub struct Tally(Arc<Inner>);

struct Inner {
    period: Duration,
    most: u64,
    /// The number of events in this period, both reported and unreported.
    seen: AtomicU64,
    /// The number of events that no line has reported yet.
    untold: AtomicU64,
    /// True while a period is under way, at whose end the rest is reported.
    is_waiting: AtomicBool,
}

impl Tally {
    /// Allows one line every `period`.
    pub fn every(period: Duration) -> Self {
        Self::at_most(1, period)
    }

    /// Allows `most` lines every `period`, and one more for the rest when `most` is above 1.
    pub fn at_most(most: u64, period: Duration) -> Self {
        let (seen, untold) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { period, most, seen, untold, is_waiting: AtomicBool::new(false) }))
    }

    /// Counts one event. Returns true when the caller is to report it now, false when `tell_rest` will report it at the end of
    /// the period.
    pub fn count(&self, tell_rest: impl Fn(u64) + Send + 'static) -> bool {
        let inner = &self.0;
        let is_told = inner.seen.fetch_add(1, Ordering::Relaxed) < inner.most;
        if !is_told {
            inner.untold.fetch_add(1, Ordering::Relaxed);
        }
        if !inner.is_waiting.swap(true, Ordering::AcqRel) {
            self.end_period(tell_rest);
        }
        is_told
    }

    fn end_period(&self, tell_rest: impl Fn(u64) + Send + 'static) {
        let inner = Arc::clone(&self.0);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            inner.seen.store(0, Ordering::Relaxed);
            inner.is_waiting.store(false, Ordering::Release);
            return;
        };
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(inner.period).await;
                let untold = inner.untold.swap(0, Ordering::Relaxed);
                // The line about the rest is one of the lines of the next period.
                inner.seen.store(u64::from(untold > 0), Ordering::Relaxed);
                if untold == 0 {
                    break;
                }
                tell_rest(untold);
            }
            inner.is_waiting.store(false, Ordering::Release);
        });
    }
}
