//! Signing up. An address gives nobody an account, a session or a link until it is proven to be theirs.
//!
//! A signup is a challenge and no user. The request never looks up whether the address has an account: it does the same work
//! and writes the same rows either way. The mail, written later, tells its owner the truth.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::config::SignupMode;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox::{self, Occasion};
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::email::Email;
use crate::model::event::{Actor, Event, EventType};
use crate::model::visitor::Visitor;
use crate::policy;
use crate::secret::Ticket;
use crate::store::Renewal;

/// The time after which a page offers to send the mail again.
pub(crate) const RESEND_AFTER: Duration = Duration::from_mins(1);

/// An address and a password to sign up with.
pub(crate) struct Registration<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
}

/// Makes a pending signup and mails its link and code. Returns the time from which another mail may be requested.
///
/// # Errors
/// [`Error::SignupClosed`]; [`Error::Validation`], the same whether or not the address has an account; [`Error::Busy`].
pub(crate) async fn start(
    context: &Context,
    visitor: &Visitor,
    occasion: &Occasion,
    registration: Registration<'_>,
) -> Result<Timestamp> {
    require_open(context)?;
    let email = check_form(context, &registration)?;
    let resend_at = context.now().plus(RESEND_AFTER);
    context.passwords().require_room(visitor.network)?;
    let counted = limits::count_mail(context.limiter(), Kind::VerifyEmail, &email, visitor).await?;
    let Some(counted) = counted else { return Ok(resend_at) };
    let place = limits::place(context.limiter(), context.passwords(), visitor.network, &counted).await?;
    let password_hash = place.hash(registration.password).await?;
    let mut pending = Challenge::new(Content::Signup { email, password_hash }, context.now());
    pending.browser = visitor.browser.as_ref().map(Ticket::hash);
    let mut tx = context.store().begin().await?;
    tx.add_challenge(&pending, pending.token(context.key()).hash()).await?;
    outbox::post_about(&mut tx, Kind::VerifyEmail, &pending, occasion).await?;
    // The event names no account: whether the address has one is not looked up.
    let started = Event::new(EventType::SignupStarted, pending.created_at).by(Actor::browser());
    tx.record(started.from(visitor.origin())).await?;
    tx.commit().await?;
    context.outbox().wake();
    Ok(resend_at)
}

/// Mails another link and code for this browser's pending signup; the earlier ones are void. Without such a signup the answer
/// is the same, and nothing is sent.
///
/// # Errors
/// [`Error::SignupClosed`]; [`Error::Validation`] for what is no address.
pub(crate) async fn resend(
    context: &Context,
    visitor: &Visitor,
    occasion: &Occasion,
    email: &str,
) -> Result<Timestamp> {
    require_open(context)?;
    let email = policy::address(email)?;
    let resend_at = context.now().plus(RESEND_AFTER);
    let Some(browser) = visitor.browser.as_ref().map(Ticket::hash) else { return Ok(resend_at) };
    let now = context.now();
    // A mail that is not sent is not counted: a browser without a pending signup uses up no limit of the address.
    if !context.store().has_challenge(ChallengeKind::Signup, &email, browser, now).await?
        || limits::count_mail(context.limiter(), Kind::VerifyEmail, &email, visitor).await?.is_none()
    {
        return Ok(resend_at);
    }
    let renewal = Renewal { kind: ChallengeKind::Signup, email: &email, browser, now };
    let mut tx = context.store().begin().await?;
    let token = |id: &str, nonce: &str| context.key().token(id, nonce).hash();
    if let Some(pending) = tx.renew_challenge(&renewal, token).await? {
        outbox::post_about(&mut tx, Kind::VerifyEmail, &pending, occasion).await?;
    }
    tx.commit().await?;
    context.outbox().wake();
    Ok(resend_at)
}

/// Requires that signup is open. Checked again at the proof, because the operator may have closed signup meanwhile.
pub(crate) fn require_open(context: &Context) -> Result<()> {
    match context.config().signup.mode {
        SignupMode::Open => Ok(()),
        SignupMode::Closed => Err(Error::SignupClosed),
    }
}

fn check_form(context: &Context, registration: &Registration<'_>) -> Result<Email> {
    let email = policy::new_address(context.config(), registration.email);
    // Without a valid address the password cannot be compared with it. All other rules are checked, so that all complaints come
    // at once.
    let password = policy::password_of(context.config(), registration.password, email.as_ref().ok());
    policy::both(email, password).map(|(email, ())| email)
}
