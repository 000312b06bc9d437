//! `social_uid`: somebody is known by the provider's stable subject, or not at all.

use super::{Outcome, Run};
use crate::error::Error;

pub(super) fn step(run: &mut Run) -> Outcome {
    if run.profile.subject.is_empty() {
        return Outcome::Reject(Error::CodeRejected);
    }
    run.has_uid = true;
    Outcome::Continue
}
