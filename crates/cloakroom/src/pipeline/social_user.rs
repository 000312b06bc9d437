//! `social_user`: looks up the account that this identity is linked to.
//!
//! A subject belongs to its issuer. Under another issuer the same subject may be another person, who must prove the account
//! first, as for any link.

use super::{Need, Outcome, Resources, Run};
use crate::error::{Error, Result};
use crate::model::social::{Identity, Intent};

pub(super) async fn step(resources: Resources<'_>, run: &mut Run) -> Result<Outcome> {
    let found = resources.store.identity(&run.attempt.provider, &run.profile.subject).await?;
    let Some(identity) = found else {
        // An identity that is not linked cannot reauthenticate anybody.
        let is_wanted = run.attempt.intent == Intent::Reauthenticate;
        return Ok(if is_wanted { Outcome::Reject(Error::OtherUserSignedIn) } else { Outcome::Continue });
    };
    let is_same = is_same_issuer(resources, run, &identity);
    match &run.user {
        Some(user) if user.id != identity.user_id => {
            let is_proof = run.attempt.intent == Intent::Reauthenticate;
            return Ok(Outcome::Reject(if is_proof {
                Error::OtherUserSignedIn
            } else {
                Error::IdentityTaken
            }));
        }
        // The identity of another issuer proves nothing; the account itself was proven to get here.
        Some(_) if !is_same && run.attempt.intent == Intent::Reauthenticate => {
            return Ok(Outcome::Reject(Error::OtherUserSignedIn));
        }
        Some(_) => {}
        None => {
            let account = resources.store.account(&identity.user_id).await?;
            match account {
                Some(account) if account.is_active && !is_same => {
                    return Ok(Outcome::Pause(Need::Link { user_id: account.id }));
                }
                Some(account) if account.is_active => run.user = Some(account),
                Some(_) => return Ok(Outcome::Reject(Error::AccountInactive)),
                // The account was deleted just now, and its identities with it.
                None => return Ok(Outcome::Continue),
            }
        }
    }
    run.identity = Some(identity);
    Ok(Outcome::Continue)
}

/// Tells whether the identity belongs to the issuer that the person came from, or the operator declares both issuers the same.
fn is_same_issuer(resources: Resources<'_>, run: &Run, identity: &Identity) -> bool {
    let mut providers = resources.config.provider.iter();
    let is_one = providers.any(|provider| provider.id == run.attempt.provider && provider.same_subjects);
    is_one
        || match (&identity.issuer, run.issuer()) {
            (Some(kept), Some(told)) => *kept == told,
            // Linked or begun before issuers were stored: the check at the start made sure that the issuer has not changed.
            _ => true,
        }
}
