//! The choice of the requests that have a log line of their own.
//!
//! A request that changes something has one. Requests that anybody can repeat at will are counted, and reported together.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use cloakroom::Tally;

/// The least time between two lines about requests of people who are not signed in.
const ANONYMOUS_PERIOD: Duration = Duration::from_mins(1);
/// The least time between two lines about refusals with one status.
const REFUSED_PERIOD: Duration = Duration::from_secs(1);

/// The most requests that change something and have a line of their own within [`REFUSED_PERIOD`].
const MOST_CHANGES: u64 = 100;

/// Tells whether a request that did not fail has a log line of its own at INFO.
pub(crate) fn is_worth_a_line(method: &Method, status: StatusCode) -> bool {
    /// The count of requests without a session: each page asks who the visitor is.
    static ANONYMOUS: LazyLock<Tally> = LazyLock::new(|| Tally::every(ANONYMOUS_PERIOD));
    /// The counts of refusals, one for each status from 400 to 499.
    static REFUSED: LazyLock<Vec<Tally>> =
        LazyLock::new(|| (0..100).map(|_| Tally::every(REFUSED_PERIOD)).collect());
    /// The count of requests that change something. Anybody may send some of them, such as a sign-out without a session.
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
