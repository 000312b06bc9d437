//! A new password for somebody who has proven their mailbox.
//!
//! It ends every session, everything that was asked for before, and what made browsers known; it does not sign in. The
//! request never looks whether the address has an account: it does the same work and writes the same rows either way.

use crate::cloakroom::Cloakroom;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::flow::challenge;
use crate::flow::signup::RESEND_AFTER;
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox::{self, Occasion};
use crate::model::challenge::{Challenge, ChallengeKind};
use crate::model::email::Email;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::policy;

/// Mails a link to the account of an address, if it has one; says from when on another may be asked for.
///
/// # Errors
/// [`Error::Validation`] for what is no address.
pub(crate) async fn start(
    cloakroom: &Cloakroom,
    visitor: &Visitor,
    occasion: &Occasion,
    email: &str,
) -> Result<Timestamp> {
    let email = policy::address(email)?;
    let now = cloakroom.now();
    let resend_at = now.plus(RESEND_AFTER);
    if !limits::count_mail(cloakroom, &email, visitor.network).await? {
        return Ok(resend_at);
    }
    let reset = Challenge::new(ChallengeKind::PasswordReset, now).about(&email);
    let mut tx = cloakroom.store().begin().await?;
    tx.hold_address(&email).await?;
    tx.add_challenge(&reset, reset.token(cloakroom.key()).hash()).await?;
    // The account first, as everywhere, then what waits for it.
    tx.give_challenge_to_account(&reset.id, &email).await?;
    tx.end_older_challenges(&reset).await?;
    outbox::post_about(&mut tx, Kind::PasswordReset, &reset, occasion).await?;
    tx.commit().await?;
    cloakroom.outbox().wake();
    Ok(resend_at)
}

/// Which account a link is for; uses nothing up.
///
/// # Errors
/// [`Error::TokenInvalid`]; [`Error::AccountInactive`].
pub(crate) async fn check(cloakroom: &Cloakroom, token: &str) -> Result<String> {
    Ok(find(cloakroom, token).await?.email)
}

/// Sets the new password.
///
/// # Errors
/// [`Error::TokenInvalid`]; [`Error::AccountInactive`]; [`Error::Validation`], which leaves the token good.
pub(crate) async fn confirm(
    cloakroom: &Cloakroom,
    occasion: &Occasion,
    token: &str,
    password: &str,
) -> Result<()> {
    let account = find(cloakroom, token).await?;
    policy::password_of(cloakroom.config(), password, Email::parse(&account.email).as_ref())?;
    let hash = cloakroom.passwords().place()?.hash(password).await?;
    let mut tx = cloakroom.store().begin().await?;
    tx.hold_account(&account.id).await?;
    let reset = challenge::take(cloakroom, &mut tx, ChallengeKind::PasswordReset, token).await?;
    // The link was mailed to an address; if that is not the account's any more, it proves nothing.
    let proven = reset.email.as_deref().and_then(Email::parse).ok_or(Error::TokenInvalid)?;
    if !tx.reset_password(&account.id, &proven, &hash).await? {
        return Err(Error::TokenInvalid);
    }
    tx.end_challenges_of(&account.id).await?;
    tx.forget_browsers_of(&account.id).await?;
    tx.end_sessions_of(&account.id).await?;
    outbox::post_to(&mut tx, Kind::PasswordWasReset, &account, occasion).await?;
    tx.commit().await?;
    cloakroom.sessions().forget_all();
    cloakroom.outbox().wake();
    tracing::info!(user = account.id, "password reset");
    Ok(())
}

async fn find(cloakroom: &Cloakroom, token: &str) -> Result<Account> {
    let reset = challenge::look(cloakroom, ChallengeKind::PasswordReset, token).await?;
    let user_id = reset.user_id.ok_or(Error::TokenInvalid)?;
    let account = cloakroom.store().account(&user_id).await?.ok_or(Error::TokenInvalid)?;
    if account.is_active { Ok(account) } else { Err(Error::AccountInactive) }
}
