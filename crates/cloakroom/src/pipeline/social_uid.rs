//! `social_uid`: requires the provider's stable subject. Nothing else identifies a person.

use super::{Outcome, Run};
use crate::error::Error;

pub(super) fn step(run: &mut Run) -> Outcome {
    if run.profile.subject.is_empty() {
        return Outcome::Reject(Error::CodeRejected);
    }
    run.has_uid = true;
    Outcome::Continue
}
