//! A new password for somebody who has proven their mailbox.
//!
//! A reset ends every session and voids every earlier request. Only the browser that sets the password stays known. A reset
//! does not sign in. The request never looks up whether the address has an account: it does the same work and writes the same
//! rows either way.

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::account::recovery::{self, Owner};
use crate::flow::account::signup::RESEND_AFTER;
use crate::flow::challenge;
use crate::flow::social::Arrival;
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox::{self, Occasion};
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::email::Email;
use crate::model::event::{Actor, Event, EventType};
use crate::model::social::Identity;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::policy;
use crate::secret::Ticket;

/// Mails a link to the account of an address, if it has one. Returns the time from which another may be requested.
///
/// # Errors
/// [`Error::Validation`] for what is no address.
pub(crate) async fn start(
    context: &Context,
    visitor: &Visitor,
    occasion: &Occasion,
    email: &str,
) -> Result<Timestamp> {
    let email = policy::address(email)?;
    let now = context.now();
    let resend_at = now.plus(RESEND_AFTER);
    if limits::count_mail(context.limiter(), Kind::PasswordReset, &email, visitor).await?.is_none() {
        return Ok(resend_at);
    }
    let reset = Challenge::new(Content::PasswordReset { email: email.clone() }, now);
    let mut tx = context.store().begin().await?;
    tx.hold_address(&email).await?;
    tx.add_challenge(&reset, reset.token(context.key()).hash()).await?;
    // Lock order: the account first, then the challenges that wait for it.
    tx.give_challenge_to_account(&reset.id, &email).await?;
    tx.end_older_challenges(&reset).await?;
    outbox::post_about(&mut tx, Kind::PasswordReset, &reset, occasion).await?;
    tx.commit().await?;
    context.outbox().wake();
    Ok(resend_at)
}

/// The account of a link, and the identities that it keeps when the link is used.
pub(crate) struct Outlook {
    pub(crate) email: String,
    /// The linked accounts, oldest first, each with whether it stays by the rule of recovery.
    pub(crate) identities: Vec<(Identity, bool)>,
}

/// Returns the account of a link and which of its linked accounts stay, without using the link up.
///
/// # Errors
/// [`Error::TokenInvalid`]; [`Error::AccountInactive`].
pub(crate) async fn check(context: &Context, token: &str) -> Result<Outlook> {
    let (account, _) = find(context, token).await?;
    let linked = context.store().identities_of(&account.id).await?;
    let judged = linked.into_iter().map(|identity| {
        let stays = recovery::keeps(context, &account, &identity);
        (identity, stays)
    });
    let identities = judged.collect();
    Ok(Outlook { email: account.email, identities })
}

/// The choices of somebody who uses a link.
pub(crate) struct Choice<'a> {
    pub(crate) token: &'a str,
    pub(crate) password: &'a str,
    /// The ids of the linked accounts that stay; without them, the rule of recovery decides.
    pub(crate) keep_identities: Option<&'a [String]>,
}

/// Sets the new password, and unlinks the accounts that do not stay.
///
/// # Errors
/// [`Error::TokenInvalid`]; [`Error::AccountInactive`]; [`Error::Validation`], which leaves the token good.
pub(crate) async fn confirm(
    context: &Context,
    Arrival { visitor, occasion, .. }: Arrival<'_>,
    choice: Choice<'_>,
) -> Result<()> {
    let (account, kind) = find(context, choice.token).await?;
    policy::password_of(context.config(), choice.password, Email::parse(&account.email).as_ref())?;
    let hash = context.passwords().place(visitor.network)?.hash(choice.password).await?;
    let email = policy::stored_address(&account.email)?;
    let browser = visitor.browser.as_ref().map(Ticket::hash);
    let mut tx = context.store().begin().await?;
    limits::begin_anew(context.limiter(), &mut tx, &email, browser).await?;
    let held = tx.lock_account(&account.id).await?.filter(|account| account.is_active);
    let account = held.ok_or(Error::TokenInvalid)?;
    let reset = challenge::take(context, &mut tx, kind, choice.token).await?;
    // The link was mailed to an address. If that is no longer the account's address, the link proves nothing.
    let proven = reset.content.email().ok_or(Error::TokenInvalid)?;
    if !tx.reset_password(&account.id, proven, &hash).await? {
        return Err(Error::TokenInvalid);
    }
    let owner = Owner { account: &account, chosen: choice.keep_identities, origin: visitor.origin() };
    let recovered = recovery::unlink_the_rest(context, &mut tx, owner).await?;
    tx.end_challenges_of(&account.id).await?;
    tx.forget_browsers_of(&account.id).await?;
    // A browser whose user has proven the mailbox becomes known, so that no attacker's attempts lock the owner out.
    if let Some(browser) = browser {
        tx.note_browser(&account.id, browser, context.now()).await?;
    }
    tx.end_sessions_of(&account.id).await?;
    outbox::post_to(&mut tx, Kind::PasswordWasReset, &account, &occasion.after(recovered)).await?;
    let done = Event::new(EventType::PasswordReset, context.now()).by(Actor::browser()).about(&account);
    tx.record(done.from(visitor.origin()).with("link", kind.as_str())).await?;
    tx.commit().await?;
    context.sessions().forget_all();
    context.outbox().wake();
    Ok(())
}

/// Returns the account of a link, and whether the link is a reset or an invitation.
async fn find(context: &Context, token: &str) -> Result<(Account, ChallengeKind)> {
    let reset = match challenge::look(context, ChallengeKind::PasswordReset, token).await {
        Err(Error::TokenInvalid) => challenge::look(context, ChallengeKind::Invitation, token).await,
        found => found,
    }?;
    let user_id = reset.user_id.as_deref().ok_or(Error::TokenInvalid)?;
    let account = context.store().account(user_id).await?.ok_or(Error::TokenInvalid)?;
    if account.is_active { Ok((account, reset.kind())) } else { Err(Error::AccountInactive) }
}
