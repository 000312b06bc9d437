//! Counts refused requests, and logs them so that nobody can fill the log: one line a second and reason.

use std::time::Duration;

use crate::http::csrf::Refusal;
use crate::tally::Tally;

/// The least time between two lines about one reason.
const PERIOD: Duration = Duration::from_secs(1);

/// The refusals of one cloakroom.
pub(crate) struct Refusals([(Tally, metrics::Counter); Refusal::ALL.len()]);

impl Refusals {
    pub(crate) fn new() -> Self {
        Self(Refusal::ALL.map(|refusal| {
            let counter = metrics::counter!("cloakroom_csrf_refusals_total", "reason" => refusal.label());
            (Tally::every(PERIOD), counter)
        }))
    }

    pub(super) fn count(&self, refusal: Refusal) {
        let (tally, counter) = &self.0[refusal.index()];
        counter.increment(1);
        tracing::debug!(reason = refusal.label(), "request refused");
        let tell = move |count| tracing::info!(count, reason = refusal.reason(), "csrf check failed");
        if tally.count(tell) {
            tell(1);
        }
    }
}
