//! `associate_user`: the identity is to open the account.

use super::{Outcome, Run};

pub(super) fn step(run: &mut Run) -> Outcome {
    run.associates = run.has_uid && run.identity.is_none();
    Outcome::Continue
}
