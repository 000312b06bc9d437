//! `associate_by_verified_email` (off by default): joins the account of an address without further proof.
//!
//! It acts only on an address that the provider vouches for by its `trust_email` rule. Our own user has proven the same
//! address, because every row in `users` means that. Switching it on trusts the provider with every account.

use super::known::Known;
use super::{Outcome, Run};
use crate::error::Error;
use crate::model::email::Email;
use crate::model::user::Account;

pub(super) fn step(known: &Known, run: &mut Run) -> Outcome {
    let (None, Some(proven)) = (&run.user, &run.proven) else { return Outcome::Continue };
    // An address that only our own mail has proven is no statement of the provider.
    if !run.profile.is_email_verified || run.profile.email.as_ref() != Some(proven) {
        return Outcome::Continue;
    }
    // Case folding makes two mailboxes equal that providers keep apart, such as `straße@` and `strasse@`.
    let is_to_the_letter =
        |account: &Account| Email::parse(&account.email).is_some_and(|email| email.lower() == proven.lower());
    match known.namesake.as_ref().filter(|account| is_to_the_letter(account)) {
        Some(account) if account.is_active => run.user = Some(account.clone()),
        Some(_) => return Outcome::Reject(Error::AccountInactive),
        None => {}
    }
    Outcome::Continue
}
