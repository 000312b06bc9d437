//! Failures. For one at a provider: the error for the person and the log line for the operator. For one in storage: its effect
//! on a run of the pipeline.

use std::sync::OnceLock;
use std::time::Duration;

use crate::error::Error;
use crate::provider::{Failure, short};
use crate::tally::Tally;

/// The reason why the decisions of a run were not written.
pub(super) enum Unsettled {
    /// A concurrent run has taken this address or this identity. The pipeline must decide anew.
    Conflict,
    Failed(Error),
}

impl Unsettled {
    /// Treats the refusal of an existing row as a conflict.
    pub(super) fn from_insert(error: Error) -> Self {
        match error {
            Error::AlreadyExists(_) => Self::Conflict,
            other => Self::Failed(other),
        }
    }
}

impl From<Error> for Unsettled {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The error codes of providers when the person refuses: RFC 6749, section 4.1.2.1; LinkedIn's two codes; Apple's.
const REFUSALS: [&str; 3] = ["access_denied", "user_cancelled_login", "user_cancelled_authorize"];

/// Limits the log lines about errors at the callback: anybody can send one.
fn log_lines() -> &'static Tally {
    static LINES: OnceLock<Tally> = OnceLock::new();
    LINES.get_or_init(|| Tally::at_most(10, Duration::from_mins(1)))
}

/// Maps an error that the provider sent instead of a code. Unless the person refused, the operator must fix the cause, so it is
/// logged.
pub(super) fn refused(provider: &str, code: &str) -> Error {
    if REFUSALS.contains(&code) {
        return Error::ProviderDenied;
    }
    let told = short(code);
    if log_lines().count(|count| tracing::warn!(count, "more errors were sent instead of a code")) {
        tracing::warn!(provider, code = told, "the provider sent an error instead of a code");
    }
    match code {
        "server_error" | "temporarily_unavailable" => Error::ProviderUnreachable,
        _ => Error::CodeRejected,
    }
}

/// Maps an answer that proves nothing.
pub(super) fn failed(provider: &str, failure: Failure) -> Error {
    match failure {
        Failure::Denied => Error::ProviderDenied,
        Failure::NotAllowed(reason) => {
            tracing::warn!(provider, reason, "somebody who may not sign in here");
            Error::NotAllowed
        }
        Failure::Rejected(reason) => {
            tracing::warn!(provider, reason, "the provider's answer proves nothing");
            Error::CodeRejected
        }
        Failure::Unreachable(reason) => {
            tracing::warn!(provider, reason, "the provider does not answer");
            Error::ProviderUnreachable
        }
    }
}
