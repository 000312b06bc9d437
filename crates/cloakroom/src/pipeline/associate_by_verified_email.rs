//! `associate_by_verified_email` (not among the steps unless set): joins the account of an address without further proof.
//!
//! Only when the provider's word on the address counts by its `trust_email` rule; that our own user has proven the same
//! address is what a row in `users` means. Whoever switches it on trusts the provider with every account.

use super::{Outcome, Resources, Run};
use crate::error::{Error, Result};

pub(super) async fn step(resources: Resources<'_>, run: &mut Run) -> Result<Outcome> {
    let (None, Some(proven)) = (&run.user, &run.proven) else { return Ok(Outcome::Continue) };
    // An address that a mail of ours has proven is not the provider's word: nothing is joined by it.
    if !run.profile.is_email_verified || run.profile.email.as_ref() != Some(proven) {
        return Ok(Outcome::Continue);
    }
    match resources.store.account_by_email(proven).await? {
        Some(account) if account.is_active => run.user = Some(account),
        Some(_) => return Ok(Outcome::Reject(Error::AccountInactive)),
        None => {}
    }
    Ok(Outcome::Continue)
}
