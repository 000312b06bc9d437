//! `user_details`: what the identity is called follows the provider at every sign-in. The account's own fields are all
//! protected: address, password and rights are never taken from a provider.

use super::{Outcome, Run};

pub(super) fn step(run: &mut Run) -> Outcome {
    run.updates_details = true;
    Outcome::Continue
}
