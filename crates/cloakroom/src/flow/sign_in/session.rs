//! Asks for the current session, by the demands that different actions make on it.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::visitor::Visitor;
use crate::secret::{Ticket, TicketHash};
use crate::session::Live;
use crate::store::Tx;

/// The open session of whoever is signed in, if anybody is.
pub(crate) async fn current(context: &Context, visitor: &Visitor) -> Result<Option<Arc<Live>>> {
    let Some(ticket) = &visitor.session else { return Ok(None) };
    Ok(context.sessions().authenticate(ticket).await?.map(|opened| opened.live))
}

/// Returns the current session.
///
/// # Errors
/// [`Error::NotAuthenticated`] when nobody is.
pub(crate) async fn require(context: &Context, visitor: &Visitor) -> Result<Arc<Live>> {
    current(context, visitor).await?.ok_or(Error::NotAuthenticated)
}

/// The same for what is too sensitive for an old proof of identity (NIST SP 800-63B, section 5.2; ASVS 7.5.1).
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`] when the last proof is too long ago.
pub(crate) async fn require_recent(context: &Context, visitor: &Visitor) -> Result<Arc<Live>> {
    let live = require(context, visitor).await?;
    let recent = context.config().session.recent.duration();
    if context.now().since(live.authenticated_at) < recent {
        Ok(live)
    } else {
        Err(Error::ReauthenticationRequired)
    }
}

/// Requires a recent proof for what adds a way to sign in: by password where the account has one, so that a stolen session
/// is not enough (OWASP ASVS 7.5.1).
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`] when the proof is too long ago, or was another one.
pub(crate) async fn require_recent_password(context: &Context, visitor: &Visitor) -> Result<Arc<Live>> {
    let live = require_recent(context, visitor).await?;
    let recent = context.config().session.recent.duration();
    let is_recent = |proven_at: Timestamp| context.now().since(proven_at) < recent;
    if !live.user.has_password || live.password_at.is_some_and(is_recent) {
        Ok(live)
    } else {
        Err(Error::ReauthenticationRequired)
    }
}

/// Nobody is signed in here, or it is refused: a link in a mail never swaps one person for another.
///
/// # Errors
/// [`Error::OtherUserSignedIn`].
pub(crate) async fn require_none(context: &Context, visitor: &Visitor) -> Result<()> {
    match current(context, visitor).await? {
        Some(_) => Err(Error::OtherUserSignedIn),
        None => Ok(()),
    }
}

/// The end of the session that a browser showed, for memory to hear of after the commit.
pub(crate) struct Ended {
    /// The tickets that open nothing any more.
    tickets: Vec<TicketHash>,
    /// Whose session it was, if there was one.
    pub(crate) user_id: Option<String>,
}

impl Ended {
    /// Drops the session from memory, after the commit.
    pub(crate) fn forget(&self, context: &Context) {
        for ticket in &self.tickets {
            context.sessions().forget(*ticket);
        }
    }
}

/// Ends the session whose ticket this browser shows, also when it has got another ticket meanwhile; one that is dead already,
/// or none, is no error.
pub(crate) async fn end_shown(tx: &mut Tx, visitor: &Visitor) -> Result<Ended> {
    let Some(shown) = visitor.session.as_ref().map(Ticket::hash) else {
        return Ok(Ended { tickets: Vec::new(), user_id: None });
    };
    let ended = tx.end_session(shown).await?;
    // The ticket that was shown as well: who ended its session before may not have been heard here yet.
    let tickets = ended.iter().map(|ended| ended.ticket).chain([shown]).collect();
    Ok(Ended { tickets, user_id: ended.map(|ended| ended.user_id) })
}
