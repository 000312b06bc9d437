//! Changing the address of an account: the new address is proven, and the old one is notified and can undo the change.

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Invalid, Result};
use crate::flow::account::recovery::{self, Owner};
use crate::flow::account::signup::RESEND_AFTER;
use crate::flow::challenge;
use crate::flow::sign_in::session::{Authenticated, hold_account, require_recent};
use crate::flow::social::Arrival;
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::email::Email;
use crate::model::event::{Actor, Event, EventType};
use crate::model::user::Account;
use crate::policy;
use crate::store::{Revocation, Tx};

/// Mails a link to the new address and a warning, with a way to undo it, to the present one. Only the newest request is valid.
///
/// The function never looks up whether the new address has an account. The answer is the same, and the change fails once the
/// address has been proven.
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`]; [`Error::Validation`].
pub(crate) async fn start(
    context: &Context,
    Authenticated { session, visitor, occasion }: Authenticated<'_>,
    email: &str,
) -> Result<Timestamp> {
    let user = &session.user;
    require_recent(context, session)?;
    let new = policy::new_address(context.config(), email)?;
    if new.spelling() == user.email {
        return Err(Invalid::new("email", "unchanged", "This is already your email address.").into());
    }
    let old = policy::stored_address(&user.email)?;
    let now = context.now();
    let resend_at = now.plus(RESEND_AFTER);
    if limits::count_mail(context.limiter(), Kind::EmailChange, &new, visitor).await?.is_none() {
        return Ok(resend_at);
    }
    let undo = Content::EmailChangeUndo { old, new: new.spelling().to_owned() };
    let undo = Challenge::new(undo, now).of(&user.id);
    let change = Content::EmailChange { new, undo_id: undo.id.clone() };
    let change = Challenge::new(change, now).of(&user.id);
    let mut tx = context.store().begin().await?;
    hold_account(&mut tx, session).await?;
    tx.end_challenges_by(&user.id, ChallengeKind::EmailChange).await?;
    tx.add_challenge(&undo, undo.token(context.key()).hash()).await?;
    tx.add_challenge(&change, change.token(context.key()).hash()).await?;
    outbox::post_about(&mut tx, Kind::EmailChange, &change, occasion).await?;
    outbox::post_about(&mut tx, Kind::EmailChangeRequested, &undo, occasion).await?;
    // Without the new address: it may belong to nobody, and is not proven.
    let asked = Event::new(EventType::EmailChangeAsked, now).of(user);
    tx.record(asked.from(visitor.origin().in_session(&session.id))).await?;
    tx.commit().await?;
    context.outbox().wake();
    Ok(resend_at)
}

/// Returns the address that a link confirms, without using the link up.
///
/// # Errors
/// [`Error::TokenInvalid`].
pub(crate) async fn check(context: &Context, token: &str) -> Result<String> {
    let change = challenge::look(context, ChallengeKind::EmailChange, token).await?;
    change.content.email().map(|email| email.spelling().to_owned()).ok_or(Error::TokenInvalid)
}

/// Returns the address that a link gives back, and the one that took its place, without using the link up.
///
/// # Errors
/// [`Error::TokenInvalid`].
pub(crate) async fn check_undo(context: &Context, token: &str) -> Result<(String, String)> {
    let undo = challenge::look(context, ChallengeKind::EmailChangeUndo, token).await?;
    let Content::EmailChangeUndo { old, new } = undo.content else { return Err(Error::TokenInvalid) };
    Ok((old.spelling().to_owned(), new))
}

/// Makes the new address the account's. The previous one stays reserved while the change can be undone.
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::TokenInvalid`]; [`Error::OtherUserSignedIn`] when the link is another account's;
/// [`Error::EmailTaken`] when the address has an account of its own, or is reserved for one.
pub(crate) async fn confirm(
    context: &Context,
    Authenticated { session, visitor, occasion }: Authenticated<'_>,
    token: &str,
) -> Result<()> {
    let user = &session.user;
    let change = challenge::look(context, ChallengeKind::EmailChange, token).await?;
    if change.user_id.as_ref() != Some(&user.id) {
        return Err(Error::OtherUserSignedIn);
    }
    let Content::EmailChange { new, undo_id } = change.content else { return Err(Error::TokenInvalid) };
    let mut tx = context.store().begin().await?;
    tx.hold_address(&new).await?;
    hold_account(&mut tx, session).await?;
    challenge::take(context, &mut tx, ChallengeKind::EmailChange, token).await?;
    if tx.is_reserved(&new, &user.id, context.now()).await? {
        return Err(Error::EmailTaken);
    }
    set_email(&mut tx, &user.id, &new).await?;
    tx.end_challenges_of(&user.id).await?;
    tx.end_challenges_for(ChallengeKind::Signup, &new).await?;
    let end = context.now().plus(ChallengeKind::EmailChangeUndo.lifetime());
    if let Some(undo) = tx.extend_challenge(&undo_id, end).await? {
        outbox::post_about(&mut tx, Kind::EmailChanged, &undo, occasion).await?;
    }
    let changed = Event::new(EventType::EmailChanged, context.now()).of(user);
    let changed = changed.from(visitor.origin().in_session(&session.id));
    tx.record(changed.with_change("email", &*user.email, new.spelling())).await?;
    // The caches of other nodes hold the old address.
    tx.announce(&Revocation::Everything).await?;
    tx.commit().await?;
    context.sessions().forget_all();
    context.outbox().wake();
    Ok(())
}

/// Gives the account its old address back. The person who changed it may have taken the account over, so nothing of theirs
/// stays. The password is void, every session ends, and the old address gets a link to set a new password.
///
/// # Errors
/// [`Error::TokenInvalid`]; [`Error::EmailTaken`] only when a version that reserved nothing gave the old address away.
pub(crate) async fn undo(
    context: &Context,
    Arrival { visitor, occasion, .. }: Arrival<'_>,
    token: &str,
) -> Result<()> {
    let now = context.now();
    let undo = challenge::look(context, ChallengeKind::EmailChangeUndo, token).await?;
    let user_id = undo.user_id.as_deref().ok_or(Error::TokenInvalid)?;
    let Content::EmailChangeUndo { old, .. } = undo.content else { return Err(Error::TokenInvalid) };
    let mut tx = context.store().begin().await?;
    tx.hold_address(&old).await?;
    let account = tx.lock_account(user_id).await?.ok_or(Error::TokenInvalid)?;
    challenge::take(context, &mut tx, ChallengeKind::EmailChangeUndo, token).await?;
    let before = account.email.clone();
    set_email(&mut tx, user_id, &old).await?;
    tx.void_password(user_id).await?;
    tx.end_challenges_since(user_id, undo.created_at).await?;
    let restored = Account { email: old.spelling().to_owned(), ..account };
    let owner = Owner { account: &restored, chosen: None, origin: visitor.origin() };
    let recovered = recovery::unlink_the_rest(context, &mut tx, owner).await?;
    tx.forget_browsers_of(user_id).await?;
    tx.end_sessions_of(user_id).await?;
    let reset = Challenge::new(Content::PasswordReset { email: old.clone() }, now).of(user_id);
    tx.add_challenge(&reset, reset.token(context.key()).hash()).await?;
    outbox::post_about(&mut tx, Kind::EmailRestored, &reset, &occasion.after(recovered)).await?;
    let undone = Event::new(EventType::EmailUndone, now).by(Actor::browser()).about(&restored);
    let undone = undone.from(visitor.origin());
    tx.record(undone.with_change("email", before, old.spelling())).await?;
    tx.commit().await?;
    context.sessions().forget_all();
    context.outbox().wake();
    Ok(())
}

async fn set_email(tx: &mut Tx, user_id: &str, email: &Email) -> Result<()> {
    tx.set_email(user_id, email).await.map_err(|error| match error {
        Error::AlreadyExists(_) => Error::EmailTaken,
        other => other,
    })
}
