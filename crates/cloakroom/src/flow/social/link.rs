//! Linking a provider's account to an existing account. The address alone never joins them.
//!
//! The person proves the account by its password, or by a code mailed to it. Or they sign in to it as usual in the same browser
//! and confirm explicitly. Then the waiting identity is linked.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::account::signup::RESEND_AFTER;
use crate::flow::sign_in::failure;
use crate::flow::sign_in::reauthentication;
use crate::flow::sign_in::session;
use crate::flow::social::pause;
use crate::flow::social::{self, Arrival, Finished, Opening};
use crate::limits::{self, CodeTry};
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::challenge::{Challenge, ChallengeKind, LINK_CODE_LIFETIME};
use crate::model::event::Actor;
use crate::model::method::Method;
use crate::model::rate::Rate;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::model::waiting::Need;
use crate::{policy, secret};

/// The wrong codes allowed for one account in one browser and from one network, over all attempts.
const WRONG_CODES: Rate = Rate { count: 10, window: Duration::from_hours(24) };

/// The proof of the account.
pub(crate) enum Proof<'a> {
    Password(&'a str),
    Code(&'a str),
    /// A confirmation by somebody who is signed in to the account.
    Session,
}

/// Proves the account, links the identity that waits in this browser, and signs in.
///
/// # Errors
/// [`Error::StateMissing`] when none waits; [`Error::InvalidCredentials`], [`Error::InvalidCode`], [`Error::RateLimited`];
/// by session [`Error::NotAuthenticated`], [`Error::OtherUserSignedIn`], [`Error::ReauthenticationRequired`].
pub(crate) async fn link(context: &Context, arrival: Arrival<'_>, proof: Proof<'_>) -> Result<Finished> {
    let (pause, waiting) = pause::waiting(context, arrival.visitor).await?;
    if !matches!(waiting.need, Need::Link { .. }) {
        return Err(Error::StateMissing);
    }
    let run = pause::resume(context, arrival, &pause, waiting).await?;
    let account = run.given.clone().ok_or(Error::StateMissing)?;
    match proof {
        Proof::Password(password) => {
            policy::known_password(password, "password")?;
            let proven = reauthentication::prove(context, arrival.visitor, &account.id, password).await?;
            // In a transaction of its own: a login locks the limit's row before the account's.
            let mut tx = context.store().begin().await?;
            proven.counted.give_back(&mut tx).await?;
            tx.commit().await?;
            let opening = Opening { proven_by: Some(Method::Password), ..ending(&pause) };
            social::advance(context, arrival, run, opening).await
        }
        Proof::Code(code) => {
            let proven = prove_by_code(context, arrival.visitor, (&pause, &account), code).await;
            if let Err(error) = &proven {
                let email = policy::stored_address(&account.email)?;
                failure::note(context, arrival.visitor, (&email, Actor::browser()), error.code());
            }
            proven?;
            let opening = Opening { proven_by: Some(Method::EmailCode), ..ending(&pause) };
            social::advance(context, arrival, run, opening).await
        }
        Proof::Session => {
            let live = arrival.session.ok_or(Error::NotAuthenticated)?;
            if live.user.id != account.id {
                return Err(Error::OtherUserSignedIn);
            }
            // A mailed code extends the wait, but only for a proof by that code.
            if context.now().since(pause.created_at) >= ChallengeKind::SocialPause.lifetime() {
                return Err(Error::StateMissing);
            }
            // A session from before the pause has proven nothing since.
            if live.authenticated_at < pause.created_at {
                session::require_recent_password(context, live)?;
            }
            let opening = Opening { is_by_session: true, ..ending(&pause) };
            social::advance(context, arrival, run, opening).await
        }
    }
}

fn ending(pause: &Challenge) -> Opening<'_> {
    Opening { ends: Some(pause), ..Opening::default() }
}

async fn prove_by_code(
    context: &Context,
    visitor: &Visitor,
    (pause, account): (&Challenge, &Account),
    code: &str,
) -> Result<()> {
    let email = policy::stored_address(&account.email)?;
    let is_known = limits::known_browser(context.limiter(), &email, visitor).await?.is_some();
    let mut tx = context.store().begin().await?;
    let tried = tx.try_code(&pause.id, context.now()).await?.ok_or(Error::InvalidCode)?;
    let code_try = CodeTry {
        about: &format!("link\0{}", account.id),
        rate: WRONG_CODES,
        from_network: WRONG_CODES,
        visitor,
        is_known,
    };
    let counted = limits::count_code(context.limiter(), &mut tx, &code_try).await?;
    let right = counted.filter(|_| tried.code(context.key()).is(code));
    if let Some(counted) = &right {
        counted.give_back(&mut tx).await?;
    }
    // A wrong attempt stays counted, whatever else fails.
    tx.commit().await?;
    right.map(drop).ok_or(Error::InvalidCode)
}

/// Mails a code to the account, for somebody who has no password or does not know it. Returns the time from which another may
/// be requested. The earlier code is void.
///
/// # Errors
/// [`Error::StateMissing`] when nothing waits in this browser.
pub(crate) async fn send_code(context: &Context, arrival: Arrival<'_>) -> Result<Timestamp> {
    let (mut pause, waiting) = pause::waiting(context, arrival.visitor).await?;
    let Need::Link { user_id } = &waiting.need else { return Err(Error::StateMissing) };
    let account = pause::active(context, user_id).await?;
    let email = policy::stored_address(&account.email)?;
    let now = context.now();
    let resend_at = now.plus(RESEND_AFTER);
    if limits::count_mail(context.limiter(), Kind::LinkCode, &email, arrival.visitor).await?.is_none() {
        return Ok(resend_at);
    }
    pause.nonce = secret::nonce();
    let name = context.config().provider_name(&waiting.run.attempt.provider);
    let mut tx = context.store().begin().await?;
    if !tx.renew_code(&pause.id, &pause.nonce, now.plus(LINK_CODE_LIFETIME)).await? {
        return Err(Error::StateMissing);
    }
    outbox::post_link_code(&mut tx, &pause, &account, &arrival.occasion.about(name)).await?;
    tx.commit().await?;
    context.outbox().wake();
    Ok(resend_at)
}
