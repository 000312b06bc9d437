//! Log lines that an outsider can cause: counted, and told at most once a period.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counts events of one kind, and has their number told at most once a period.
///
/// The first event is for the caller to tell, at once; those that follow within the period are told together when it ends.
#[derive(Clone)]
pub struct Tally(Arc<Inner>);

struct Inner {
    period: Duration,
    /// Events that no line has told yet.
    untold: AtomicU64,
    /// Whether a period is under way, at whose end the rest is told.
    is_waiting: AtomicBool,
}

impl Tally {
    /// Tells the number once every `period` at most.
    pub fn every(period: Duration) -> Self {
        Self(Arc::new(Inner { period, untold: AtomicU64::new(0), is_waiting: AtomicBool::new(false) }))
    }

    /// Counts one event: the number to tell now, or `None` when `tell_rest` will tell it at the end of the period.
    pub fn count(&self, tell_rest: impl Fn(u64) + Send + 'static) -> Option<u64> {
        let inner = &self.0;
        inner.untold.fetch_add(1, Ordering::Relaxed);
        if inner.is_waiting.swap(true, Ordering::AcqRel) {
            return None;
        }
        let now = inner.untold.swap(0, Ordering::Relaxed);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            inner.is_waiting.store(false, Ordering::Release);
            return Some(now);
        };
        let inner = Arc::clone(inner);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(inner.period).await;
                let untold = inner.untold.swap(0, Ordering::Relaxed);
                if untold == 0 {
                    break;
                }
                tell_rest(untold);
            }
            inner.is_waiting.store(false, Ordering::Release);
        });
        Some(now)
    }
}
