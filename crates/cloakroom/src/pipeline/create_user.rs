//! `create_user`: makes an account once an address is proven that has no account yet.

use super::{Need, Outcome, Resources, Run};
use crate::config::SignupMode;
use crate::error::{Error, Result};

pub(super) async fn step(resources: Resources<'_>, run: &mut Run) -> Result<Outcome> {
    if run.user.is_some() {
        return Ok(Outcome::Continue);
    }
    let is_closed = resources.config.signup.mode == SignupMode::Closed;
    let Some(proven) = &run.proven else {
        // An address that the provider does not vouch for only fills in the form.
        let suggested = run.profile.email.as_ref().map(|email| email.spelling().to_owned());
        return Ok(if is_closed {
            Outcome::Reject(Error::SignupClosed)
        } else {
            Outcome::Pause(Need::Email { suggested })
        });
    };
    Ok(match resources.store.account_by_email(proven).await? {
        Some(account) if !account.is_active => Outcome::Reject(Error::AccountInactive),
        // An existing account is never joined by its address alone.
        Some(account) => Outcome::Pause(Need::Link { user_id: account.id }),
        None if is_closed => Outcome::Reject(Error::SignupClosed),
        // Reserved for an account that can take it back: as if the provider had given no address.
        None if resources.store.reservation(proven, resources.clock.now()).await?.is_some() => {
            Outcome::Pause(Need::Email { suggested: Some(proven.spelling().to_owned()) })
        }
        None => {
            run.creates = true;
            Outcome::Continue
        }
    })
}
