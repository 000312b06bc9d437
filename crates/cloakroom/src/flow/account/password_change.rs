//! Changing the password of somebody who is signed in and knows the present one, or setting a first password.

use crate::context::Context;
use crate::error::{Error, Invalid, Result};
use crate::flow::sign_in::SignedIn;
use crate::flow::sign_in::reauthentication::{self, Renewal};
use crate::flow::sign_in::session::{Authenticated, require_recent};
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::email::Email;
use crate::model::event::{Event, EventType};
use crate::model::user::Account;
use crate::policy;
use crate::store::Revocation;

/// The present password and the new one.
pub(crate) struct Passwords<'a> {
    pub(crate) current: &'a str,
    pub(crate) new: &'a str,
}

/// Replaces the password. Every other session ends, this one gets another ticket, and earlier requests are void.
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::Validation`]; [`Error::RateLimited`]; [`Error::InvalidCredentials`] when the
/// present password is not the one given.
pub(crate) async fn change(
    context: &Context,
    Authenticated { session, visitor, occasion }: Authenticated<'_>,
    passwords: Passwords<'_>,
) -> Result<SignedIn> {
    check_form(context, &passwords, &session.user.email)?;
    let proven = reauthentication::prove(context, visitor, &session.user.id, passwords.current).await?;
    let hash = proven.place.hash(passwords.new).await?;
    let account = proven.account;
    let mut tx = context.store().begin().await?;
    proven.counted.give_back(&mut tx).await?;
    if !tx.change_password(&account.id, &proven.verified_hash, &hash).await? {
        return Err(Error::InvalidCredentials);
    }
    tx.end_challenges_of(&account.id).await?;
    tx.forget_browsers_of(&account.id).await?;
    if let Some(browser) = &visitor.browser {
        tx.note_browser(&account.id, browser.hash(), context.now()).await?;
    }
    tx.end_other_sessions_of(&account.id, session.ticket).await?;
    outbox::post_to(&mut tx, Kind::PasswordChanged, &account, occasion).await?;
    let changed = Event::new(EventType::PasswordChanged, context.now());
    tx.record(changed.of(&account).from(visitor.origin().in_session(&session.id))).await?;
    let renewal = Renewal::by_password(account, context.now());
    let signed_in = reauthentication::renew(context, tx, session, renewal).await?;
    context.sessions().forget_all();
    context.outbox().wake();
    Ok(signed_in)
}

/// Sets the first password of an account that has none. This session gets another ticket. The others go on, because no secret
/// that they know has changed. Earlier requests for a reset are void.
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`]; [`Error::HasPassword`]; [`Error::Validation`];
/// [`Error::Busy`].
pub(crate) async fn set(
    context: &Context,
    Authenticated { session, visitor, occasion }: Authenticated<'_>,
    new: &str,
) -> Result<SignedIn> {
    let user = &session.user;
    require_recent(context, session)?;
    if user.has_password {
        return Err(Error::HasPassword);
    }
    check_new(context, new, &user.email)?;
    let hash = context.passwords().place(visitor.network)?.hash(new).await?;
    let mut tx = context.store().begin().await?;
    let account = tx.lock_account(&user.id).await?.filter(|account| account.is_active);
    let account = account.ok_or(Error::NotAuthenticated)?;
    // A concurrent session may have set one first.
    if account.password_hash.is_some() {
        return Err(Error::HasPassword);
    }
    tx.set_password(&account.id, &hash).await?;
    tx.end_challenges_of(&account.id).await?;
    outbox::post_to(&mut tx, Kind::PasswordAdded, &account, occasion).await?;
    let set = Event::new(EventType::PasswordSet, context.now());
    tx.record(set.of(&account).from(visitor.origin().in_session(&session.id))).await?;
    // Other nodes and sessions still cache for a moment that there is none.
    tx.announce(&Revocation::Everything).await?;
    let account = Account { password_hash: Some(hash), ..account };
    let signed_in = reauthentication::renew(context, tx, session, Renewal::unproven(account)).await?;
    context.sessions().forget_all();
    context.outbox().wake();
    Ok(signed_in)
}

fn check_new(context: &Context, password: &str, email: &str) -> std::result::Result<(), Invalid> {
    policy::password_of(context.config(), password, Email::parse(email).as_ref())
        .map_err(|invalid| Invalid { field: "new_password".to_owned(), ..invalid })
}

fn check_form(context: &Context, passwords: &Passwords<'_>, email: &str) -> Result<()> {
    let current = policy::known_password(passwords.current, "current_password");
    let new = check_new(context, passwords.new, email);
    policy::both(current, new).map(drop)
}
