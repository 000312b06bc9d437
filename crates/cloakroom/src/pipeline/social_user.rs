//! `social_user`: looks up the account that this identity is linked to.

use super::{Outcome, Resources, Run};
use crate::error::{Error, Result};
use crate::model::social::Intent;

pub(super) async fn step(resources: Resources<'_>, run: &mut Run) -> Result<Outcome> {
    let found = resources.store.identity(&run.attempt.provider, &run.profile.subject).await?;
    let Some(identity) = found else {
        // An identity that is not linked cannot reauthenticate anybody.
        let is_wanted = run.attempt.intent == Intent::Reauthenticate;
        return Ok(if is_wanted { Outcome::Reject(Error::OtherUserSignedIn) } else { Outcome::Continue });
    };
    match &run.user {
        Some(user) if user.id != identity.user_id => {
            let is_proof = run.attempt.intent == Intent::Reauthenticate;
            return Ok(Outcome::Reject(if is_proof {
                Error::OtherUserSignedIn
            } else {
                Error::IdentityTaken
            }));
        }
        Some(_) => {}
        None => {
            let account = resources.store.account(&identity.user_id).await?;
            match account {
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
