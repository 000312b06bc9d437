//! Signup by a provider that vouches for no address: the person enters one, and proves it by mail.

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::account::signup::{self, RESEND_AFTER};
use crate::flow::sign_in::SignIn;
use crate::flow::social::pause;
use crate::flow::social::{self, Arrival, Opening};
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::challenge::{Challenge, ChallengeKind, Content, SAME_BROWSER};
use crate::model::method::Method;
use crate::model::waiting::{Need, Waiting};
use crate::policy;
use crate::secret;

/// Mails a link and a code to the address. Proving it in this browser finishes the signup. Returns the time from which another
/// mail may be requested; the earlier mail is void.
///
/// The answer is the same whether or not the address has an account. If it has one, the mail holds no token, and nothing is
/// joined.
///
/// # Errors
/// [`Error::StateMissing`] when nothing waits in this browser; [`Error::Validation`]; [`Error::SignupClosed`].
pub(crate) async fn start(context: &Context, arrival: Arrival<'_>, email: &str) -> Result<Timestamp> {
    let (pause, waiting) = pause::waiting(context, arrival.visitor).await?;
    if !matches!(waiting.need, Need::Email { .. }) {
        return Err(Error::StateMissing);
    }
    signup::require_open(context)?;
    let email = policy::new_address(context.config(), email)?;
    let now = context.now();
    let resend_at = now.plus(RESEND_AFTER);
    if limits::count_mail(context.limiter(), Kind::SocialEmail, &email, arrival.visitor).await?.is_none() {
        return Ok(resend_at);
    }
    let name = context.config().provider_name(&waiting.run.attempt.provider);
    // The ciphertext is bound to one row, so it is encrypted again for the new one.
    let id = secret::new_id(now);
    let run = waiting.run.clone().resume(context.key(), &pause.id).keep(context.key(), &id);
    let waiting = Box::new(Waiting { need: waiting.need, run });
    let waits = Content::SocialEmail { email, waiting, pause_id: pause.id.clone() };
    let pending = Challenge { id, browser: pause.browser, ..Challenge::new(waits, now) };
    let mut tx = context.store().begin().await?;
    if let Some(browser) = pending.browser {
        tx.end_challenges_in(ChallengeKind::SocialEmail, browser).await?;
    }
    // The end of the time in which this browser counts as the one that began it: another person may use the browser tomorrow.
    let end = now.plus(SAME_BROWSER);
    tx.extend_challenge(&pause.id, end).await?.ok_or(Error::StateMissing)?;
    tx.add_challenge(&pending, pending.token(context.key()).hash()).await?;
    outbox::post_about(&mut tx, Kind::SocialEmail, &pending, &arrival.occasion.about(name)).await?;
    tx.commit().await?;
    context.outbox().wake();
    Ok(resend_at)
}

/// Finishes the signup with the address that has been proven, in the browser that began it.
///
/// # Errors
/// [`Error::TokenInvalid`] when the address has an account meanwhile; any error with which the pipeline rejects it.
pub(crate) async fn finish(context: &Context, arrival: Arrival<'_>, pending: &Challenge) -> Result<SignIn> {
    let Content::SocialEmail { email, waiting, .. } = &pending.content else {
        return Err(Error::TokenInvalid);
    };
    if context.providers().get(&waiting.run.attempt.provider).is_none() {
        return Err(Error::TokenInvalid);
    }
    let mut run = waiting.run.clone().resume(context.key(), &pending.id);
    run.proven = Some(email.clone());
    let opening = Opening { ends: Some(pending), proven_by: Some(Method::EmailCode), ..Opening::default() };
    match social::advance(context, arrival, run, opening).await {
        Ok(finished) if matches!(finished.outcome, SignIn::Needs(_)) => Err(Error::TokenInvalid),
        Ok(finished) => Ok(finished.outcome),
        Err(Error::StateMissing) => Err(Error::TokenInvalid),
        Err(other) => Err(other),
    }
}
