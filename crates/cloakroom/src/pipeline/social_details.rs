//! `social_details`: what the provider tells becomes what the later steps work with.

use super::{Outcome, Run};

/// An address that was proven meanwhile stands before the provider's.
pub(super) fn step(run: &mut Run) -> Outcome {
    if run.proven.is_none() && run.profile.is_email_verified {
        run.proven.clone_from(&run.profile.email);
    }
    Outcome::Continue
}
