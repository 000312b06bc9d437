//! `load_extra_data` (off by default): keeps the provider's other claims with the identity.

use super::{Outcome, Run};

pub(super) fn step(run: &mut Run) -> Outcome {
    run.keeps_extra = true;
    Outcome::Continue
}
