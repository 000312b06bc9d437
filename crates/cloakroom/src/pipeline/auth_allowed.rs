//! `auth_allowed`: the allow-list of addresses that may sign in by a provider.

use super::{Outcome, Resources, Run};
use crate::config::AuthAllowed;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::social::Intent;

/// Checks the allow-list. Without a list everyone may sign in.
///
/// Existing users are checked by the address of their account, new users by their verified address. A user without a verified
/// address yet is checked once there is one.
pub(super) async fn step(resources: Resources<'_>, run: &Run) -> Result<Outcome> {
    let allowed = &resources.config.pipeline.auth_allowed;
    if allowed.domains.is_empty() && allowed.emails.is_empty() || run.attempt.intent != Intent::Login {
        return Ok(Outcome::Continue);
    }
    let judged = match address_of_account(resources, run).await? {
        Some(address) => Some(address),
        None => run.proven.clone(),
    };
    Ok(match judged {
        Some(address) if !is_allowed(allowed, &address) => Outcome::Reject(Error::NotAllowed),
        _ => Outcome::Continue,
    })
}

/// Reads the address of the account that this sign-in would open, if there is one.
async fn address_of_account(resources: Resources<'_>, run: &Run) -> Result<Option<Email>> {
    let store = resources.store;
    let account = match &run.user {
        Some(account) => Some(account.clone()),
        None => match store.identity(&run.attempt.provider, &run.profile.subject).await? {
            Some(identity) => store.account(&identity.user_id).await?,
            None => None,
        },
    };
    Ok(account.and_then(|account| Email::parse(&account.email)))
}

/// Tells whether one of the two lists holds the address, whatever its spelling.
fn is_allowed(allowed: &AuthAllowed, address: &Email) -> bool {
    let (_, domain) = address.canonical().split_once('@').unwrap_or_default();
    let is_domain = |text: &String| {
        Email::parse(&format!("x@{}", text.trim_start_matches('@')))
            .is_some_and(|email| email.canonical().strip_prefix("x@") == Some(domain))
    };
    let is_address =
        |text: &String| Email::parse(text).is_some_and(|email| email.canonical() == address.canonical());
    allowed.domains.iter().any(is_domain) || allowed.emails.iter().any(is_address)
}
