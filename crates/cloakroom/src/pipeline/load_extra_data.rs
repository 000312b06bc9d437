//! `load_extra_data` (not among the steps unless set): what else the provider tells is kept with the identity.

use super::{Outcome, Run};

pub(super) fn step(run: &mut Run) -> Outcome {
    run.keeps_extra = true;
    Outcome::Continue
}
