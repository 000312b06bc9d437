//! Signing in, signing up, linking and reauthenticating, by a provider's assertion.
//!
//! An attempt is kept on the server: single use, for ten minutes, in the browser that began it. The provider's claims go
//! through the pipeline. Where a person must do something first, the run waits in that browser (`social_link`, `social_email`).

pub(crate) mod email;
mod failure;
pub(crate) mod identities;
pub(crate) mod input;
pub(crate) mod issuers;
pub(crate) mod link;
pub(crate) mod pause;
mod record;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::challenge;
use crate::flow::sign_in::provider::{self, Vouched};
use crate::flow::sign_in::reauthentication::{self, Renewal};
use crate::flow::sign_in::session::require_recent_password;
use crate::flow::sign_in::{Effect, SignIn, SignedIn};
use crate::flow::social::failure::{Unsettled, failed, refused};
use crate::limits;
use crate::mail::Kind;
use crate::mail::outbox::{self, Occasion};
use crate::model::challenge::{Challenge, ChallengeKind, Content};
use crate::model::method::Method;
use crate::model::social::{Attempt, Identity, Intent};
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::pipeline::{self, End, Run};
use crate::policy;
use crate::provider::{AuthorizeRequest, Callback, Provider};
use crate::secret::{Purpose, Ticket};
use crate::session::Live;
use crate::store::Tx;

/// The number of tabs of one browser that may wait for a provider. A further one ends the oldest.
const MOST_ATTEMPTS: i64 = 20;
/// The longest code that is passed on to a provider, and the longest `user` field that is read from its answer, in bytes.
const LONGEST_CODE: usize = 4096;

/// The request to a provider that a person makes.
pub(crate) struct Wish<'a> {
    pub(crate) provider: &'a str,
    pub(crate) intent: Intent,
    pub(crate) return_to: &'a str,
    /// The browser in which the attempt must end.
    pub(crate) browser: &'a Ticket,
}

/// The answer of a provider, by way of the page.
pub(crate) struct Answer<'a> {
    pub(crate) provider: &'a str,
    pub(crate) code: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
    pub(crate) iss: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
}

/// The visitor and their session, and the occasion that their mails state.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) occasion: &'a Occasion,
    /// The open session, if there is one.
    pub(crate) session: Option<&'a Live>,
}

/// The outcome of an attempt, and the attempt itself, with its destination and its intent.
pub(crate) struct Finished {
    pub(crate) outcome: SignIn,
    pub(crate) attempt: Attempt,
}

/// The preconditions of the writes, checked in the same transaction.
#[derive(Default)]
pub(crate) struct Opening<'a> {
    /// The challenge that the writes use up. It must still wait in the same browser.
    pub(crate) ends: Option<&'a Challenge>,
    /// The method that proved the account or the address after the provider's assertion.
    pub(crate) proven_by: Option<Method>,
    /// Set when the session confirms the link, so that it must be open.
    pub(crate) is_by_session: bool,
}

/// Begins an attempt. Returns the URL to which the person is sent.
///
/// # Errors
/// [`Error::NotFound`] for a provider that is not configured; [`Error::Validation`] for a `return_to` that leads elsewhere;
/// [`Error::NotAuthenticated`] and [`Error::ReauthenticationRequired`] when the intent needs them;
/// [`Error::ProviderUnreachable`]; [`Error::RateLimited`].
pub(crate) async fn start(
    context: &Context,
    visitor: &Visitor,
    session: Option<&Live>,
    wish: Wish<'_>,
) -> Result<String> {
    let provider = context.providers().get(wish.provider).ok_or(Error::NotFound)?;
    policy::return_to(wish.return_to)?;
    if wish.intent != Intent::Login {
        let session = session.ok_or(Error::NotAuthenticated)?;
        if wish.intent == Intent::Link {
            require_recent_password(context, session)?;
        }
    }
    let user_id = session.map(|session| session.user.id.clone());
    let browser = wish.browser.hash();
    let attempt = Attempt {
        provider: provider.id().to_owned(),
        intent: wish.intent,
        return_to: wish.return_to.to_owned(),
        user_id: user_id.clone(),
    };
    let mut begun = Challenge::new(Content::SocialAttempt(attempt), context.now());
    begun.browser = Some(browser);
    // An attempt of a signed-in user is void once their password changes, or when somebody else signs in here.
    begun.user_id = user_id.filter(|_| wish.intent != Intent::Login);
    let key = context.key();
    let state = begun.token(key);
    let nonce = key.openid_nonce(&begun.id, &begun.nonce);
    let request = AuthorizeRequest {
        state: state.expose(),
        code_challenge: &key.code_verifier(&begun.id, &begun.nonce).code_challenge(),
        nonce: nonce.expose(),
        is_fresh: wish.intent == Intent::Reauthenticate,
    };
    let url = provider.authorize(&request).await.map_err(|failure| failed(provider.id(), failure))?;
    let mut tx = context.store().begin().await?;
    if let Some(user_id) = &begun.user_id
        && !tx.hold_account(user_id).await?
    {
        return Err(Error::NotAuthenticated);
    }
    tx.end_oldest_in(ChallengeKind::SocialAttempt, browser, MOST_ATTEMPTS - 1).await?;
    tx.add_challenge(&begun, state.hash()).await?;
    limits::count_attempt(context.limiter(), &mut tx, visitor.network).await?;
    tx.commit().await?;
    Ok(url.into())
}

/// Finishes an attempt with the provider's answer.
///
/// # Errors
/// [`Error::StateMissing`], [`Error::StateMismatch`], [`Error::ProviderDenied`], [`Error::CodeRejected`],
/// [`Error::ProviderUnreachable`]; then any error with which the pipeline rejects it.
pub(crate) async fn finish(context: &Context, arrival: Arrival<'_>, answer: Answer<'_>) -> Result<Finished> {
    let provider = context.providers().get(answer.provider).ok_or(Error::NotFound)?;
    let result = conclude(context, arrival, provider, &answer).await;
    let outcome = match result.as_ref().map(|finished| &finished.outcome) {
        Ok(SignIn::Done(_)) => "success",
        Ok(SignIn::Needs(_)) => "waiting",
        Ok(SignIn::Refused(reason)) => Error::from(*reason).code(),
        Err(error) => error.code(),
    };
    let labels = [("provider", provider.id().to_owned()), ("outcome", outcome.to_owned())];
    metrics::counter!("cloakroom_social_logins_total", &labels).increment(1);
    result
}

async fn conclude(
    context: &Context,
    arrival: Arrival<'_>,
    provider: &Provider,
    answer: &Answer<'_>,
) -> Result<Finished> {
    let state = answer.state.filter(|state| !state.is_empty()).ok_or(Error::StateMissing)?;
    let error = answer.error.filter(|error| !error.is_empty());
    let code = answer.code.filter(|code| !code.is_empty() && code.len() <= LONGEST_CODE);
    // An answer with neither code nor error does not use the attempt up.
    if error.is_none() && code.is_none() {
        return Err(Error::CodeRejected);
    }
    let (begun, attempt) = take_attempt(context, arrival, provider.id(), state).await?;
    if let Some(error) = error {
        return Err(refused(provider.id(), error));
    }
    let code = code.ok_or(Error::CodeRejected)?;
    let key = begun.key(context.key());
    let code_verifier = key.code_verifier(&begun.id, &begun.nonce);
    let nonce = key.openid_nonce(&begun.id, &begun.nonce);
    let callback = Callback {
        code,
        code_verifier: code_verifier.expose(),
        nonce: nonce.expose(),
        iss: answer.iss,
        user: answer.user.filter(|user| user.len() <= LONGEST_CODE),
        fresh_since: (attempt.intent == Intent::Reauthenticate).then_some(begun.created_at),
    };
    let profile = provider.profile(&callback).await.map_err(|failure| failed(provider.id(), failure))?;
    let user = match (attempt.intent, &attempt.user_id) {
        (Intent::Login, _) | (_, None) => None,
        (_, Some(user_id)) => Some(context.store().account(user_id).await?.ok_or(Error::NotAuthenticated)?),
    };
    advance(context, arrival, Run::new(attempt, profile, user), Opening::default()).await
}

/// Uses an attempt up, if it belongs to this browser, this provider and this user. Otherwise it stays as it is.
async fn take_attempt(
    context: &Context,
    Arrival { visitor, session, .. }: Arrival<'_>,
    provider: &str,
    state: &str,
) -> Result<(Challenge, Attempt)> {
    let mismatch = |error| match error {
        Error::TokenInvalid => Error::StateMismatch,
        other => other,
    };
    let kind = ChallengeKind::SocialAttempt;
    let begun = challenge::look(context, kind, state).await.map_err(mismatch)?;
    let Content::SocialAttempt(attempt) = begun.content else { return Err(Error::StateMismatch) };
    let now_here = session.map(|session| session.user.id.clone());
    let is_same_user = match attempt.intent {
        // A concurrent attempt of this browser may have signed in meanwhile; this one still finishes.
        Intent::Login => now_here.is_some() || attempt.user_id.is_none(),
        Intent::Link | Intent::Reauthenticate => attempt.user_id == now_here,
    };
    let browser = visitor.browser.as_ref().map(Ticket::hash);
    if begun.browser != browser || attempt.provider != provider || !is_same_user {
        return Err(Error::StateMismatch);
    }
    let mut tx = context.store().begin().await?;
    let begun = challenge::take(context, &mut tx, kind, state).await.map_err(mismatch)?;
    tx.commit().await?;
    Ok((begun, attempt))
}

/// Runs the rest of the pipeline, and writes its result.
pub(crate) async fn advance(
    context: &Context,
    arrival: Arrival<'_>,
    run: Run,
    opening: Opening<'_>,
) -> Result<Finished> {
    Box::pin(go_on(context, arrival, run, opening)).await
}

async fn go_on(
    context: &Context,
    arrival: Arrival<'_>,
    mut run: Run,
    opening: Opening<'_>,
) -> Result<Finished> {
    let beginning = run.position;
    for _ in 0..3 {
        run = match pipeline::run(context.pipeline(), context.resources(), run).await? {
            End::Paused(halted) => {
                return pause::wait(context, arrival, halted, &opening).await;
            }
            End::Settled(run) => run,
        };
        match settle(context, arrival, &run, &opening).await {
            Ok(finished) => return Ok(finished),
            Err(Unsettled::Conflict) => run.rewind(beginning),
            Err(Unsettled::Failed(error)) => return Err(error),
        }
    }
    Err(Error::IdentityTaken)
}

/// Writes every decision of the pipeline, and opens the session, in one transaction.
async fn settle(
    context: &Context,
    arrival: Arrival<'_>,
    run: &Run,
    opening: &Opening<'_>,
) -> std::result::Result<Finished, Unsettled> {
    let mut tx = context.store().begin().await?;
    // Lock order: an address before an account, an account before its rows.
    let found = match (&run.user, &run.proven) {
        (Some(account), _) => {
            let held = tx.lock_account(&account.id).await?.filter(|account| account.is_active);
            let held = held.ok_or(Error::AccountInactive)?;
            if !run.still_means(&held) {
                return Err(Unsettled::Conflict);
            }
            Some(held)
        }
        (None, Some(proven)) => {
            tx.hold_address(proven).await?;
            None
        }
        (None, None) => None,
    };
    open(&mut tx, opening).await?;
    let account = match found {
        Some(account) => account,
        None => make(context, &mut tx, run).await?,
    };
    link(context, &mut tx, run, &account).await?;
    record::made(&mut tx, arrival, run, &account).await?;
    if run.associates && !run.creates {
        let name = context.config().provider_name(&run.attempt.provider);
        let occasion = arrival.occasion.about(name);
        outbox::post_to(&mut tx, Kind::IdentityLinked, &account, &occasion).await?;
    }
    let effect = effect(run);
    let again = |signed_in| SignIn::Done(SignedIn { effect, ..signed_in });
    let session = || arrival.session.ok_or(Error::NotAuthenticated);
    let outcome = match run.attempt.intent {
        Intent::Login if !opening.is_by_session => {
            let provider = run.attempt.provider.clone();
            let vouched = Vouched { account, besides: opening.proven_by, effect, provider };
            provider::sign_in(context, tx, arrival.visitor, vouched).await?
        }
        // The session that confirmed the link continues, if it has not ended meanwhile.
        Intent::Login | Intent::Link => {
            reauthentication::renew(context, tx, session()?, Renewal::unproven(account)).await.map(again)?
        }
        Intent::Reauthenticate => {
            let renewal = Renewal::by_provider(account, context.now());
            reauthentication::proceed(context, tx, session()?, renewal).await.map(again)?
        }
    };
    context.outbox().wake();
    Ok(Finished { outcome, attempt: run.attempt.clone() })
}

fn effect(run: &Run) -> Effect {
    match run.attempt.intent {
        Intent::Login if run.creates => Effect::AccountMade,
        Intent::Login if run.given.is_none() => Effect::None,
        Intent::Login | Intent::Link => Effect::IdentityLinked,
        Intent::Reauthenticate => Effect::None,
    }
}

/// Checks the preconditions.
pub(crate) async fn open(tx: &mut Tx, opening: &Opening<'_>) -> Result<()> {
    match opening.ends {
        Some(waiting) if !tx.end_challenge(&waiting.id, waiting.browser).await? => Err(Error::StateMissing),
        _ => Ok(()),
    }
}

async fn make(context: &Context, tx: &mut Tx, run: &Run) -> std::result::Result<Account, Unsettled> {
    let email = run.proven.as_ref().ok_or_else(|| Error::internal("an account without an address"))?;
    let account = Account::new(email, None, context.now());
    tx.add_account(&account, email).await.map_err(Unsettled::from_insert)?;
    tx.end_challenges_for(ChallengeKind::Signup, email).await?;
    tx.end_challenges_for(ChallengeKind::SocialEmail, email).await?;
    Ok(account)
}

async fn link(
    context: &Context,
    tx: &mut Tx,
    run: &Run,
    account: &Account,
) -> std::result::Result<(), Unsettled> {
    let now = context.now();
    let label = run.label();
    let identity = match &run.identity {
        Some(identity) => {
            // Apple sends a name the first time only.
            let is_renamed = run.updates_details && label != run.profile.subject;
            let label = if is_renamed { &label } else { &identity.label };
            let used = Identity {
                label: label.clone(),
                issuer: run.issuer(),
                vouched_email: run.vouched_email(),
                ..identity.clone()
            };
            // Unlinked concurrently: the identity opens nothing any more.
            if !tx.use_identity(&used, now).await? {
                return Err(Error::CodeRejected.into());
            }
            used
        }
        None if run.associates => {
            let identity = run.new_identity(account, now);
            tx.add_identity(&identity).await.map_err(Unsettled::from_insert)?;
            identity
        }
        None => return Ok(()),
    };
    let tokens = run
        .profile
        .tokens
        .as_ref()
        .map(|tokens| context.key().seal(Purpose::ProviderTokens, &identity.id, &tokens.to_json()));
    if run.keeps_extra || tokens.is_some() {
        let extra = run.keeps_extra.then(|| run.profile.extra.to_string());
        tx.keep_extra(&identity.id, extra, tokens).await?;
    }
    Ok(())
}
