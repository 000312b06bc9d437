//! `social_user`: looks up the account that this identity is linked to.
//!
//! A subject belongs to its issuer. Under another issuer the same subject may be another person, who must prove the account
//! first, as for any link.

use super::known::Known;
use super::{Need, Outcome, Run};
use crate::config::Config;
use crate::error::Error;
use crate::model::social::{Identity, Intent};

pub(super) fn step(config: &Config, known: &Known, run: &mut Run) -> Outcome {
    let Some(identity) = &known.identity else {
        // An identity that is not linked cannot reauthenticate anybody.
        let is_wanted = run.attempt.intent == Intent::Reauthenticate;
        return if is_wanted { Outcome::Reject(Error::OtherUserSignedIn) } else { Outcome::Continue };
    };
    let is_same = is_same_issuer(config, run, identity);
    match &run.user {
        Some(user) if user.id != identity.user_id => {
            let is_proof = run.attempt.intent == Intent::Reauthenticate;
            return Outcome::Reject(if is_proof { Error::OtherUserSignedIn } else { Error::IdentityTaken });
        }
        // The identity of another issuer proves nothing; the account itself was proven to get here.
        Some(_) if !is_same && run.attempt.intent == Intent::Reauthenticate => {
            return Outcome::Reject(Error::OtherUserSignedIn);
        }
        Some(_) => {}
        None => match &known.owner {
            Some(account) if account.is_active && !is_same => {
                return Outcome::Pause(Need::Link { user_id: account.id.clone() });
            }
            Some(account) if account.is_active => run.user = Some(account.clone()),
            Some(_) => return Outcome::Reject(Error::AccountInactive),
            // The account was deleted just now, and its identities with it.
            None => return Outcome::Continue,
        },
    }
    run.identity = Some(identity.clone());
    Outcome::Continue
}

/// Tells whether the identity belongs to the issuer that the person came from, or the operator declares both issuers the same.
fn is_same_issuer(config: &Config, run: &Run, identity: &Identity) -> bool {
    let mut providers = config.provider.iter();
    let is_one = providers.any(|provider| provider.id == run.attempt.provider && provider.same_subjects);
    is_one
        || match (&identity.issuer, run.issuer()) {
            (Some(kept), Some(told)) => *kept == told,
            // Linked or begun before issuers were stored: the check at the start made sure that the issuer has not changed.
            _ => true,
        }
}
