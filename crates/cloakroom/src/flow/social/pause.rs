//! A social login that waits for the person, in the browser that began it.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::{Pending, SignIn};
use crate::flow::social::{self, Arrival, Finished, Opening};
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::social::Intent;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::model::waiting::{Need, Waiting};
use crate::pipeline::{Halted, Run};
use crate::secret::{self, Ticket};

/// Stores a run until the person has done what it needs. It replaces the run that waited in this browser before.
pub(crate) async fn wait(
    context: &Context,
    arrival: Arrival<'_>,
    halted: Halted,
    opening: &Opening<'_>,
) -> Result<Finished> {
    let Halted { run, need } = halted;
    let browser = arrival.visitor.browser.as_ref().map(Ticket::hash).ok_or(Error::StateMismatch)?;
    let reservation = reservation(context, arrival.visitor, &run, &need).await?;
    // Void once that account's password or address changes, or somebody else signs in here.
    let user_id = match &need {
        Need::Link { user_id } => Some(user_id.clone()),
        _ => run.given.as_ref().map(|account| account.id.clone()),
    };
    let email = match &need {
        Need::Email { suggested } => suggested.clone(),
        _ => run.proven.as_ref().map(|email| email.spelling().to_owned()),
    };
    let attempt = run.attempt.clone();
    let now = context.now();
    let id = secret::new_id(now);
    let waiting = Waiting { need: need.clone(), run: run.keep(context.key(), &id) };
    let waits = Content::SocialPause(Box::new(waiting));
    let pause = Challenge { id, user_id, browser: Some(browser), ..Challenge::new(waits, now) };
    let mut tx = context.store().begin().await?;
    if let Some(user_id) = &pause.user_id
        && !tx.hold_account(user_id).await?
    {
        return Err(Error::AccountInactive);
    }
    social::open(&mut tx, opening).await?;
    tx.end_challenges_in(ChallengeKind::SocialPause, browser).await?;
    tx.add_challenge(&pause, pause.token(context.key()).hash()).await?;
    if let Some(undo) = &reservation {
        outbox::post_about(&mut tx, Kind::AddressReserved, undo, arrival.occasion).await?;
    }
    tx.commit().await?;
    context.outbox().wake();
    let pending = match need {
        Need::Link { .. } => Pending::Link { email },
        Need::Email { .. } => Pending::Email { email },
        Need::Input { step, asked } => Pending::Input { email, step, asked },
    };
    Ok(Finished { outcome: SignIn::Needs(pending), attempt })
}

/// Returns the undo that reserves the address which the provider vouches for, if its owner is to be notified now.
async fn reservation(
    context: &Context,
    visitor: &Visitor,
    run: &Run,
    need: &Need,
) -> Result<Option<Challenge>> {
    // A run that asks for an address although one is proven came with a reserved address.
    let (Need::Email { .. }, Some(proven)) = (need, &run.proven) else { return Ok(None) };
    match context.store().reservation(proven, context.now()).await? {
        Some(undo) => {
            let counted =
                limits::count_mail(context.limiter(), Kind::AddressReserved, proven, visitor).await?;
            Ok(counted.map(|_| undo))
        }
        None => Ok(None),
    }
}

/// Returns the run that waits in this browser.
///
/// # Errors
/// [`Error::StateMissing`] when none waits.
pub(crate) async fn waiting(context: &Context, visitor: &Visitor) -> Result<(Challenge, Waiting)> {
    let browser = visitor.browser.as_ref().ok_or(Error::StateMissing)?.hash();
    let kind = ChallengeKind::SocialPause;
    let pause = context.store().challenge_in(kind, browser, context.now()).await?;
    let pause = pause.ok_or(Error::StateMissing)?;
    let Content::SocialPause(waiting) = &pause.content else { return Err(Error::StateMissing) };
    let waiting = Waiting::clone(waiting);
    // A person of a provider that was removed meanwhile could not sign in again.
    if context.providers().get(&waiting.run.attempt.provider).is_none() {
        return Err(Error::StateMissing);
    }
    Ok((pause, waiting))
}

/// Returns the run, ready to resume, with its account: the one that the person must prove, or has proven. A run that was begun
/// by a signed-in user resumes only while they are signed in.
///
/// # Errors
/// [`Error::StateMissing`] when they are not, or the account is gone; [`Error::AccountInactive`].
pub(crate) async fn resume(
    context: &Context,
    arrival: Arrival<'_>,
    pause: &Challenge,
    waiting: Waiting,
) -> Result<Run> {
    let Waiting { need, run: kept } = waiting;
    // A run that must prove an account had none before.
    let user_id = match need {
        Need::Link { user_id } => Some(user_id),
        Need::Email { .. } | Need::Input { .. } => kept.user_id.clone(),
    };
    let mut run = kept.resume(context.key(), &pause.id);
    if run.attempt.intent != Intent::Login {
        let here = arrival.session.map(|session| &session.user.id);
        if here != run.attempt.user_id.as_ref() {
            return Err(Error::StateMissing);
        }
    }
    if let Some(user_id) = user_id {
        run.give(active(context, &user_id).await?);
    }
    Ok(run)
}

/// Returns the account that a run waits for.
pub(super) async fn active(context: &Context, user_id: &str) -> Result<Account> {
    let account = context.store().account(user_id).await?.ok_or(Error::StateMissing)?;
    if account.is_active { Ok(account) } else { Err(Error::AccountInactive) }
}
