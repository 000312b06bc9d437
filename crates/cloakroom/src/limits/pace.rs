//! The pace of refusals: beside sign-ins that wait for a thread, a flood of them is slowed down, because to refuse takes time of
//! the processor, too.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many refusals in a second are answered at once.
const AT_ONCE: u32 = 512;
/// How long the others wait, without a place and without a thread.
const PAUSE: Duration = Duration::from_secs(1);

/// Refusals of the present second.
pub(crate) struct Pace(Mutex<(Instant, u32)>);

impl Pace {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((Instant::now(), 0)))
    }

    /// Counts a refusal; waits when there are too many of them and `is_waiting`, that is, somebody else waits for a hash.
    pub(crate) async fn hold(&self, is_waiting: bool) {
        if self.count() > AT_ONCE && is_waiting {
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn count(&self) -> u32 {
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = &mut *present;
        if since.elapsed() >= Duration::from_secs(1) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}
