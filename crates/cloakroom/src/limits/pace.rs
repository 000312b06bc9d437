//! The pace of refusals. A refusal takes processor time, too. So a flood of refusals is slowed down while sign-ins wait for a
//! thread.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of refusals in a second that are answered at once.
const AT_ONCE: u32 = 512;
/// The delay of further refusals. They take no place in the queue and no thread meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// The refusals of the present second.
pub(crate) struct Pace(Mutex<(Instant, u32)>);

impl Pace {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((Instant::now(), 0)))
    }

    /// Counts a refusal. Delays it when there are too many and `is_waiting`, that is, when a sign-in waits for a hash.
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
