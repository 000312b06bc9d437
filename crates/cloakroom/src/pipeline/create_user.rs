//! `create_user`: makes an account once an address is proven that has no account yet.

use super::known::Known;
use super::{Need, Outcome, Run};
use crate::config::{Config, SignupMode};
use crate::error::Error;

pub(super) fn step(config: &Config, known: &Known, run: &mut Run) -> Outcome {
    if run.user.is_some() {
        return Outcome::Continue;
    }
    let is_closed = config.signup.mode == SignupMode::Closed;
    let Some(proven) = &run.proven else {
        // An address that the provider does not vouch for only fills in the form.
        let suggested = run.profile.email.as_ref().map(|email| email.spelling().to_owned());
        return if is_closed {
            Outcome::Reject(Error::SignupClosed)
        } else {
            Outcome::Pause(Need::Email { suggested })
        };
    };
    match &known.namesake {
        Some(account) if !account.is_active => Outcome::Reject(Error::AccountInactive),
        // An existing account is never joined by its address alone.
        Some(account) => Outcome::Pause(Need::Link { user_id: account.id.clone() }),
        None if is_closed => Outcome::Reject(Error::SignupClosed),
        // Reserved for an account that can take it back: as if the provider had given no address.
        None if known.is_reserved => {
            Outcome::Pause(Need::Email { suggested: Some(proven.spelling().to_owned()) })
        }
        None => {
            run.creates = true;
            Outcome::Continue
        }
    }
}
