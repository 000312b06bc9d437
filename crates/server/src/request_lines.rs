//! Which requests have a log line of their own.
//!
//! What changes something has one. What anybody can send as often as they like is counted, and told together.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use cloakroom::Tally;

/// The least time between two lines about questions of people who are not signed in.
const ANONYMOUS_PERIOD: Duration = Duration::from_mins(1);
/// The least time between two lines about refusals with one status.
const REFUSED_PERIOD: Duration = Duration::from_secs(1);

/// So many requests that change something have a line of their own in that time.
const MOST_CHANGES: u64 = 100;

/// Whether a request that did not fail is logged by itself at INFO.
pub(crate) fn is_worth_a_line(method: &Method, status: StatusCode) -> bool {
    /// Each page of a visitor who is not signed in asks who they are.
    static ANONYMOUS: LazyLock<Tally> = LazyLock::new(|| Tally::every(ANONYMOUS_PERIOD));
    /// One for each status from 400 to 499.
    static REFUSED: LazyLock<Vec<Tally>> =
        LazyLock::new(|| (0..100).map(|_| Tally::every(REFUSED_PERIOD)).collect());
    /// Some of these, such as a sign-out of nobody, cost an outsider nothing.
    static CHANGES: LazyLock<Tally> = LazyLock::new(|| Tally::at_most(MOST_CHANGES, REFUSED_PERIOD));
    if !status.is_client_error() {
        let tell_rest = |count| tracing::info!(count, "more requests");
        return !method.is_safe() && CHANGES.count(tell_rest);
    }
    let status = status.as_u16();
    if status == 401 && method.is_safe() {
        let tell = |count| tracing::info!(count, "requests without a session");
        if ANONYMOUS.count(tell) {
            tell(1);
        }
        return false;
    }
    let tell_rest = move |count| tracing::info!(status, count, "more requests refused");
    REFUSED[usize::from(status) - 400].count(tell_rest)
}
