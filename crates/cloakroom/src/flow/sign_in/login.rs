//! Signing in by password, and the one way in which every sign-in ends.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::limits::{self, Admission};
use crate::model::challenge::ChallengeKind;
use crate::model::email::Email;
use crate::model::method::Method;
use crate::model::session::NewSession;
use crate::model::user::{Account, User};
use crate::model::visitor::Visitor;
use crate::password::Verdict;
use crate::policy;
use crate::secret::{self, Ticket};
use crate::store::Tx;

/// How many sessions one user may have; a new one ends the oldest.
const MOST_SESSIONS: i64 = 100;

/// A sign-in that is done.
pub(crate) struct SignedIn {
    pub(crate) ticket: Ticket,
    pub(crate) user: User,
}

/// A try that was let through to the queue of hashes.
struct Attempt {
    email: Email,
    admission: Admission,
}

/// A first factor that has been proven.
pub(crate) struct Factor {
    account: Account,
    /// The methods of its proof, in their order.
    methods: Vec<Method>,
    /// The stored hash that the password fitted, when it was a password.
    verified_hash: Option<String>,
    /// The hash to store instead.
    upgrade: Option<String>,
}

impl Factor {
    /// A mailbox.
    pub(crate) fn mailbox(account: Account) -> Self {
        Self { account, methods: vec![Method::EmailCode], verified_hash: None, upgrade: None }
    }

    /// A provider, and what else had to be proven after its word.
    pub(crate) fn provider(account: Account, besides: Option<Method>) -> Self {
        let methods = [Method::Social].into_iter().chain(besides).collect();
        Self { methods, ..Self::mailbox(account) }
    }
}

/// Signs in by email and password.
///
/// An unknown address costs the same as a wrong password and gets the same answer.
///
/// # Errors
/// [`Error::Validation`] before anything is counted; [`Error::Busy`], [`Error::RateLimited`], [`Error::InvalidCredentials`];
/// [`Error::AccountInactive`] only when the password was right.
pub(crate) async fn with_password(
    context: &Context,
    visitor: &Visitor,
    email: &str,
    password: &str,
) -> Result<SignedIn> {
    let result = attempt(context, visitor, email, password).await;
    let outcome = result.as_ref().map_or_else(Error::code, |_| "success");
    metrics::counter!("cloakroom_logins_total", "outcome" => outcome).increment(1);
    result
}

async fn attempt(context: &Context, visitor: &Visitor, email: &str, password: &str) -> Result<SignedIn> {
    let attempt = admit(context, visitor, email, password).await?;
    // Twice, because another login may have stored a better hash of the same password since this one read it.
    for _ in 0..2 {
        let factor = prove(context, &attempt, password).await?;
        if !factor.account.is_active {
            return Err(Error::AccountInactive);
        }
        let mut tx = context.store().begin().await?;
        attempt.admission.counted.give_back(&mut tx).await?;
        if let Some(signed_in) = proceed(context, tx, visitor, factor).await? {
            return Ok(signed_in);
        }
    }
    Err(Error::InvalidCredentials)
}

async fn admit(context: &Context, visitor: &Visitor, email: &str, password: &str) -> Result<Attempt> {
    let email = check_form(email, password)?;
    let admission = limits::admit(context.limiter(), context.passwords(), &email, visitor).await?;
    Ok(Attempt { email, admission })
}

async fn prove(context: &Context, attempt: &Attempt, password: &str) -> Result<Factor> {
    let account = context.store().account_by_email(&attempt.email).await?;
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    match (attempt.admission.place.verify(password, stored.clone()).await?, account, stored) {
        (Verdict::Match { upgrade }, Some(account), Some(verified_hash)) => {
            let methods = vec![Method::Password];
            Ok(Factor { account, methods, verified_hash: Some(verified_hash), upgrade })
        }
        _ => Err(Error::InvalidCredentials),
    }
}

/// What is not an address, or cannot be anyone's password, is told before anything is counted or computed. The rules
/// for new passwords are not asked here: an older password goes on working.
fn check_form(email: &str, password: &str) -> Result<Email> {
    let known = policy::known_password(password, "password");
    policy::both(policy::address(email), known).map(|(email, ())| email)
}

/// The one way in which every sign-in ends: refused when the account is deactivated, else a new session under a new
/// ticket, and the one that this browser had before is gone. The transaction is the one in which the first factor was used
/// up. `None` when the account is deactivated, or the stored hash is not the verified one any more.
pub(crate) async fn proceed(
    context: &Context,
    mut tx: Tx,
    visitor: &Visitor,
    factor: Factor,
) -> Result<Option<SignedIn>> {
    let Factor { account, methods, verified_hash, upgrade } = factor;
    let now = context.now();
    let password_at = verified_hash.is_some().then_some(now);
    if !tx.note_login(&account.id, verified_hash, upgrade, now).await? {
        return Ok(None);
    }
    // As everywhere: what waits comes before browsers, and these before sessions.
    if let Some(browser) = &visitor.browser {
        tx.forget_browser_of_signups(browser.hash()).await?;
        tx.end_social_of_others(browser.hash(), &account.id).await?;
        // Beside a sign-in by a provider, other attempts at providers go on.
        if !methods.contains(&Method::Social) {
            tx.end_challenges_in(ChallengeKind::SocialAttempt, browser.hash()).await?;
        }
        tx.note_browser(&account.id, browser.hash(), now).await?;
    }
    let before = match &visitor.session {
        Some(before) => tx.end_session(before.hash()).await?,
        None => None,
    };
    let ticket = Ticket::generate();
    let session = NewSession { methods, password_at, ..new_session(context, &account, &ticket) };
    let mut ended = tx.add_session(&session, MOST_SESSIONS).await?;
    tx.commit().await?;
    // The ticket that was shown as well: who ended its session before may not have been heard here yet.
    ended.extend(visitor.session.as_ref().map(Ticket::hash));
    ended.extend(before.map(|before| before.ticket));
    for ticket_hash in ended {
        context.sessions().forget(ticket_hash);
    }
    tracing::info!(user = account.id, "signed in");
    Ok(Some(SignedIn { ticket, user: account.user() }))
}

fn new_session(context: &Context, account: &Account, ticket: &Ticket) -> NewSession {
    let now = context.now();
    NewSession {
        id: secret::new_id(now),
        ticket_hash: ticket.hash(),
        user_id: account.id.clone(),
        now,
        expires_at: now.plus(context.config().session.absolute.duration()),
        methods: Vec::new(),
        password_at: None,
    }
}
