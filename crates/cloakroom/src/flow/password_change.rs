//! Another password for somebody who is signed in and knows the present one.

use crate::cloakroom::Cloakroom;
use crate::error::{Error, Invalid, Result};
use crate::flow::login::SignedIn;
use crate::flow::reauthentication::{self, Renewal};
use crate::flow::session;
use crate::mail::Kind;
use crate::mail::outbox::{self, Occasion};
use crate::model::email::Email;
use crate::model::visitor::Visitor;
use crate::policy;

/// The present password and the one to come.
pub(crate) struct Passwords<'a> {
    pub(crate) current: &'a str,
    pub(crate) new: &'a str,
}

/// Replaces the password: every other session ends, this one gets another ticket, and what was asked for before is void.
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::Validation`]; [`Error::RateLimited`]; [`Error::InvalidCredentials`] when the
/// present password is not the one given.
pub(crate) async fn change(
    cloakroom: &Cloakroom,
    visitor: &Visitor,
    occasion: &Occasion,
    passwords: Passwords<'_>,
) -> Result<SignedIn> {
    let live = session::require(cloakroom, visitor).await?;
    check_form(cloakroom, &passwords, &live.user.email)?;
    let proven = reauthentication::prove(cloakroom, visitor, &live.user.id, passwords.current).await?;
    let hash = proven.place.hash(passwords.new).await?;
    let account = proven.account;
    let here = visitor.session.as_ref().ok_or(Error::NotAuthenticated)?.hash();
    let mut tx = cloakroom.store().begin().await?;
    proven.counted.give_back(&mut tx).await?;
    if !tx.change_password(&account.id, &proven.verified_hash, &hash).await? {
        return Err(Error::InvalidCredentials);
    }
    tx.end_challenges_of(&account.id).await?;
    tx.forget_browsers_of(&account.id).await?;
    if let Some(browser) = &visitor.browser {
        tx.note_browser(&account.id, browser.hash(), cloakroom.now()).await?;
    }
    tx.end_other_sessions_of(&account.id, here).await?;
    outbox::post_to(&mut tx, Kind::PasswordChanged, &account, occasion).await?;
    let renewal = Renewal::by_password(account, cloakroom.now());
    let signed_in = reauthentication::renew(cloakroom, tx, visitor, renewal).await?;
    cloakroom.sessions().forget_all();
    cloakroom.outbox().wake();
    tracing::info!(user = signed_in.user.id, "password changed");
    Ok(signed_in)
}

fn check_form(cloakroom: &Cloakroom, passwords: &Passwords<'_>, email: &str) -> Result<()> {
    let current = policy::known_password(passwords.current, "current_password");
    let new = policy::password_of(cloakroom.config(), passwords.new, Email::parse(email).as_ref())
        .map_err(|invalid| Invalid { field: "new_password".to_owned(), ..invalid });
    let invalid: Vec<Invalid> = current.err().into_iter().chain(new.err()).collect();
    if invalid.is_empty() { Ok(()) } else { Err(Error::Validation(invalid)) }
}
