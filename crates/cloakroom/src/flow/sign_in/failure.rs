//! Records failed proofs of identity.

use crate::attempts::Attempt;
use crate::context::Context;
use crate::model::email::Email;
use crate::model::event::{Actor, EventType};
use crate::model::visitor::Visitor;

/// Records the outcome of a proof by the password or by a code of this address, if it failed. The event is written later, and
/// coalesced.
pub(in crate::flow) fn note(
    context: &Context,
    visitor: &Visitor,
    (email, actor): (&Email, Actor),
    outcome: &'static str,
) {
    let kind = match outcome {
        "invalid_credentials" | "invalid_code" | "account_inactive" => EventType::SignInFailed,
        "rate_limited" => EventType::SignInLimited,
        _ => return,
    };
    let (at, reason, origin) = (context.now(), outcome, visitor.origin());
    context.attempts().note(Attempt { kind, at, email, reason, actor, origin });
}
