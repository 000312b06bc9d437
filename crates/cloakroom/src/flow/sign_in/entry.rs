//! The one path from a proven first factor to the session: the stages in their order, then the session.

use std::ops::ControlFlow;

use crate::context::Context;
use crate::error::Result;
use crate::flow::sign_in::{Effect, Reason, SignIn, SignedIn, session, stage};
use crate::model::challenge::ChallengeKind;
use crate::model::event::{Event, EventType};
use crate::model::method::Method;
use crate::model::session::NewSession;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::secret::{self, Ticket};
use crate::store::Tx;

/// The most sessions that one user may have. A new one ends the oldest.
const MOST_SESSIONS: i64 = 100;

/// A first factor that has been proven.
pub(super) struct FirstFactor {
    pub(super) account: Account,
    /// The methods of its proof, in their order.
    pub(super) methods: Vec<Method>,
    /// The stored hash that the password matched, when the factor was a password.
    pub(super) verified_hash: Option<String>,
    /// The hash to store instead.
    pub(super) upgrade: Option<String>,
    pub(super) effect: Effect,
    /// The provider that vouches, if one does.
    pub(super) provider: Option<String>,
}

impl FirstFactor {
    /// Returns the proof of a first factor without a password.
    pub(super) fn new(account: Account, methods: Vec<Method>, effect: Effect) -> Self {
        Self { account, methods, verified_hash: None, upgrade: None, effect, provider: None }
    }
}

/// A sign-in between its first factor and its session.
pub(super) struct Entry<'a> {
    pub(super) context: &'a Context,
    /// The transaction in which the first factor was used up.
    pub(super) tx: Tx,
    pub(super) visitor: &'a Visitor,
    pub(super) factor: FirstFactor,
}

/// Goes through the stages, then opens a session under a new ticket. The session that this browser had before is gone.
///
/// Every proof of a first factor ends here, in the transaction in which the factor was used up. A refusal rolls that back.
pub(super) async fn proceed(
    context: &Context,
    tx: Tx,
    visitor: &Visitor,
    factor: FirstFactor,
) -> Result<SignIn> {
    let mut entry = Entry { context, tx, visitor, factor };
    for stage in stage::ORDER {
        entry = match stage(entry).await? {
            ControlFlow::Continue(entry) => entry,
            ControlFlow::Break(outcome) => return Ok(outcome),
        };
    }
    open(entry).await
}

async fn open(entry: Entry<'_>) -> Result<SignIn> {
    let Entry { context, mut tx, visitor, factor } = entry;
    let FirstFactor { account, methods, verified_hash, upgrade, effect, provider } = factor;
    let now = context.now();
    let password_at = verified_hash.is_some().then_some(now);
    if !tx.note_login(&account.id, verified_hash, upgrade, now).await? {
        // The account has changed since the proof.
        let held = tx.lock_account(&account.id).await?;
        let is_inactive = held.is_some_and(|account| !account.is_active);
        let reason = if is_inactive { Reason::AccountInactive } else { Reason::PasswordReplaced };
        return Ok(SignIn::Refused(reason));
    }
    // Lock order: challenges come before browsers, and browsers before sessions.
    if let Some(browser) = &visitor.browser {
        tx.forget_browser_of_signups(browser.hash()).await?;
        tx.end_social_of_others(browser.hash(), &account.id).await?;
        // A sign-in by a provider leaves other attempts at providers open.
        if !methods.contains(&Method::Social) {
            tx.end_challenges_in(ChallengeKind::SocialAttempt, browser.hash()).await?;
        }
        tx.note_browser(&account.id, browser.hash(), now).await?;
    }
    let before = session::end_shown(&mut tx, visitor).await?;
    let ticket = Ticket::generate();
    let session = NewSession {
        id: secret::new_id(now),
        ticket_hash: ticket.hash(),
        user_id: account.id.clone(),
        now,
        expires_at: now.plus(context.config().session.absolute.duration()),
        methods,
        password_at,
    };
    let ended = tx.add_session(&session, MOST_SESSIONS).await?;
    let done =
        Event::new(EventType::SignInOk, now).of(&account).from(visitor.origin().in_session(&session.id));
    let method = session.methods.first().map(|method| method.as_str());
    tx.record(done.with("method", method).with_some("provider", provider)).await?;
    tx.commit().await?;
    before.forget(context);
    for ticket_hash in ended {
        context.sessions().forget(ticket_hash);
    }
    Ok(SignIn::Done(SignedIn { ticket, user: account.user(), effect }))
}
