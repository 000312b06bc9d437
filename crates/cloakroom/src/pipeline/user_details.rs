//! `user_details`: updates the label of the identity at every sign-in.
//!
//! The fields of the account are protected: address, password and rights never come from a provider.

use super::{Outcome, Run};

pub(super) fn step(run: &mut Run) -> Outcome {
    run.updates_details = true;
    Outcome::Continue
}
