//! `auth_allowed`: the allow-list of addresses that may sign in by a provider.

use super::known::Known;
use super::{Outcome, Run};
use crate::config::{AuthAllowed, Config};
use crate::error::Error;
use crate::model::email::Email;
use crate::model::social::Intent;

/// Checks the allow-list. Without a list everyone may sign in.
///
/// Existing users are checked by the address of their account, new users by their verified address. A user without a verified
/// address yet is checked once there is one.
pub(super) fn step(config: &Config, known: &Known, run: &Run) -> Outcome {
    let allowed = &config.pipeline.auth_allowed;
    if allowed.domains.is_empty() && allowed.emails.is_empty() || run.attempt.intent != Intent::Login {
        return Outcome::Continue;
    }
    let account = run.user.as_ref().or(known.owner.as_ref());
    let judged = account.and_then(|account| Email::parse(&account.email)).or_else(|| run.proven.clone());
    match judged {
        Some(address) if !is_allowed(allowed, &address) => Outcome::Reject(Error::NotAllowed),
        _ => Outcome::Continue,
    }
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
