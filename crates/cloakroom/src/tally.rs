//! Log lines that an outsider can cause: counted, and told together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counts events of one kind, so that they write a bounded number of log lines a period.
///
/// The first events of a period are for the caller to tell, one by one; the rest is told together when the period ends.
#[derive(Clone)]
pub struct Tally(Arc<Inner>);

struct Inner {
    period: Duration,
    most: u64,
    /// Events of this period, those that were told and those that were not.
    seen: AtomicU64,
    /// Events that no line has told yet.
    untold: AtomicU64,
    /// Whether a period is under way, at whose end the rest is told.
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

    /// Counts one event: true when the caller is to tell it now, false when `tell_rest` will tell it at the end of the period.
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
                // The line about the rest is one of those of the next period.
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
