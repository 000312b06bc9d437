//! Requirements of different actions on the session, and the end of the session.

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mail::outbox::Occasion;
use crate::model::session::EndedSession;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::secret::{Ticket, TicketHash};
use crate::session::Live;
use crate::store::Tx;

/// A request of somebody who is signed in by a session. No other credential leads to one.
#[derive(Clone, Copy)]
pub(crate) struct Authenticated<'a> {
    pub(crate) session: &'a Live,
    pub(crate) visitor: &'a Visitor,
    pub(crate) occasion: &'a Occasion,
}

/// Requires a recent proof of identity for an action that is too sensitive for an old one (NIST SP 800-63B, section 5.2; ASVS
/// 7.5.1).
///
/// # Errors
/// [`Error::ReauthenticationRequired`] when the last proof is too long ago.
pub(crate) fn require_recent(context: &Context, session: &Live) -> Result<()> {
    if is_recent(context, session.authenticated_at) { Ok(()) } else { Err(Error::ReauthenticationRequired) }
}

/// Requires a recent proof for an action that adds a way to sign in. The proof is by password where the account has one, so
/// that a stolen session is not enough (OWASP ASVS 7.5.1).
///
/// # Errors
/// [`Error::ReauthenticationRequired`] when the proof is too long ago, or was not by password.
pub(crate) fn require_recent_password(context: &Context, session: &Live) -> Result<()> {
    require_recent(context, session)?;
    let has_proof = session.password_at.is_some_and(|proven_at| is_recent(context, proven_at));
    if has_proof || !session.user.has_password { Ok(()) } else { Err(Error::ReauthenticationRequired) }
}

fn is_recent(context: &Context, proven_at: Timestamp) -> bool {
    context.now().since(proven_at) < context.config().session.recent.duration()
}

/// Refuses while somebody is signed in here: a link in a mail never replaces one person's session by another's.
///
/// # Errors
/// [`Error::OtherUserSignedIn`].
pub(crate) fn require_none(session: Option<&Live>) -> Result<()> {
    if session.is_some() { Err(Error::OtherUserSignedIn) } else { Ok(()) }
}

/// Locks the account of a session until the transaction ends, and requires that the session is still open.
///
/// # Errors
/// [`Error::NotAuthenticated`] when it has ended meanwhile.
pub(crate) async fn hold_account(tx: &mut Tx, session: &Live) -> Result<Account> {
    let account = tx.lock_account(&session.user.id).await?.filter(|account| account.is_active);
    let account = account.ok_or(Error::NotAuthenticated)?;
    if tx.has_session(session.ticket, &account.id).await? {
        Ok(account)
    } else {
        Err(Error::NotAuthenticated)
    }
}

/// The end of the session that a browser showed, to be dropped from memory after the commit.
pub(crate) struct Ended {
    /// The tickets that open nothing any more.
    tickets: Vec<TicketHash>,
    /// The session, if there was one.
    pub(crate) session: Option<EndedSession>,
}

impl Ended {
    /// Drops the session from memory, after the commit.
    pub(crate) fn forget(&self, context: &Context) {
        for ticket in &self.tickets {
            context.sessions().forget(*ticket);
        }
    }
}

/// Ends the session whose ticket this browser shows, even if it has another ticket meanwhile. A session that has ended already,
/// or none, is no error.
pub(crate) async fn end_shown(tx: &mut Tx, visitor: &Visitor) -> Result<Ended> {
    let Some(shown) = visitor.session.as_ref().map(Ticket::hash) else {
        return Ok(Ended { tickets: Vec::new(), session: None });
    };
    let ended = tx.end_session(shown).await?;
    // The shown ticket is dropped as well: this node may not have heard yet of an earlier end of its session.
    let tickets = ended.iter().map(|ended| ended.ticket).chain([shown]).collect();
    Ok(Ended { tickets, session: ended })
}
