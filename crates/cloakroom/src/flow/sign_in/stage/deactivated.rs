//! Refuses a deactivated account, once the person has proven that it is theirs.

use std::ops::ControlFlow;

use super::Ruling;
use crate::flow::sign_in::entry::Entry;
use crate::flow::sign_in::{Reason, SignIn};

pub(super) fn stage(entry: Entry<'_>) -> Ruling<'_> {
    Box::pin(async {
        Ok(if entry.factor.account.is_active {
            ControlFlow::Continue(entry)
        } else {
            ControlFlow::Break(SignIn::Refused(Reason::AccountInactive))
        })
    })
}
