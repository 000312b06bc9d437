//! The facts of our own storage about a run. They are read once; the steps only decide.

use super::{Resources, Run};
use crate::error::Result;
use crate::model::email::Email;
use crate::model::social::Identity;
use crate::model::user::Account;

/// The rows that concern the provider's subject and the address of a run.
///
/// A row may change before the decisions are written. Their transaction checks each again, and on a conflict the facts are
/// read anew.
#[derive(Default)]
pub(super) struct Known {
    /// The identity of the provider's subject, if it is linked.
    pub(super) identity: Option<Identity>,
    /// The account that the identity belongs to.
    pub(super) owner: Option<Account>,
    /// The account of the address. It is looked for only while nothing else tells the account.
    pub(super) namesake: Option<Account>,
    /// The address was changed away from an account that can still take it back.
    pub(super) is_reserved: bool,
}

impl Known {
    /// Reads the facts.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when storage is away.
    pub(super) async fn about(resources: Resources<'_>, run: &Run) -> Result<Self> {
        let store = resources.store;
        let identity = store.identity(&run.attempt.provider, &run.profile.subject).await?;
        if run.given.is_some() {
            return Ok(Self { identity, ..Self::default() });
        }
        let owner = match &identity {
            Some(identity) => store.account(&identity.user_id).await?,
            None => None,
        };
        let known = Self { identity, owner, ..Self::default() };
        match address(run) {
            Some(email) if known.owner.is_none() => known.with_address(resources, email).await,
            _ => Ok(known),
        }
    }

    async fn with_address(self, resources: Resources<'_>, email: &Email) -> Result<Self> {
        let store = resources.store;
        let namesake = store.account_by_email(email).await?;
        let now = resources.clock.now();
        let is_reserved = namesake.is_none() && store.reservation(email, now).await?.is_some();
        Ok(Self { namesake, is_reserved, ..self })
    }
}

/// Returns the address that `social_details` takes over, or that was proven before.
fn address(run: &Run) -> Option<&Email> {
    run.proven.as_ref().or_else(|| run.profile.email.as_ref().filter(|_| run.profile.is_email_verified))
}
