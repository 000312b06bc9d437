//! `social_details`: takes over the provider's claims for the later steps.

use super::{Outcome, Run};

/// Takes the provider's address if it is verified. An address that our own mail has proven takes precedence.
pub(super) fn step(run: &mut Run) -> Outcome {
    if run.proven.is_none() && run.profile.is_email_verified {
        run.proven.clone_from(&run.profile.email);
    }
    Outcome::Continue
}
