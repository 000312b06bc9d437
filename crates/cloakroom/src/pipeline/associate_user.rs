//! `associate_user`: links the identity to the account.

use super::{Outcome, Run};

pub(super) fn step(run: &mut Run) -> Outcome {
    run.associates = run.has_uid && run.identity.is_none();
    Outcome::Continue
}
