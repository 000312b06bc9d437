//! `auth_allowed`: who may sign in by a provider, by the address that is proven in the end.

use super::{Outcome, Resources, Run};
use crate::config::AuthAllowed;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::social::Intent;

/// Without a list everybody may. With one, who has an account is judged by its address, and everybody else by the one that is
/// proven. While none is, there is nothing to judge: it is done once there is one, and without one nobody gets in.
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

/// Either list is enough; spelling does not count.
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
