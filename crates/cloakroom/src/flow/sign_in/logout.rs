//! Signing out.

use crate::context::Context;
use crate::error::Result;
use crate::flow::sign_in::session;
use crate::model::event::{Event, EventType};
use crate::model::visitor::Visitor;
use crate::session::Live;
use crate::store::Tx;

/// Ends the session of this browser, even if it has another ticket since the request was sent. A session that has ended
/// already, or none, is no error.
pub(crate) async fn here(context: &Context, visitor: &Visitor) -> Result<()> {
    let mut tx = context.store().begin().await?;
    leave_browser(&mut tx, visitor).await?;
    let ended = session::end_shown(&mut tx, visitor).await?;
    if let Some(session) = &ended.session {
        let out = Event::new(EventType::SignOut, context.now()).of(session);
        tx.record(out.from(visitor.origin().in_session(&session.id))).await?;
    }
    tx.commit().await?;
    ended.forget(context);
    Ok(())
}

/// Ends every session of the user.
pub(crate) async fn everywhere(context: &Context, visitor: &Visitor, session: &Live) -> Result<()> {
    let user = &session.user;
    let mut tx = context.store().begin().await?;
    // Only a transaction that holds the account sees a session that is being renewed meanwhile.
    tx.lock_account(&user.id).await?;
    leave_browser(&mut tx, visitor).await?;
    let ended = tx.end_sessions_of(&user.id).await?;
    let out = Event::new(EventType::SessionsRevoked, context.now()).of(user);
    tx.record(out.from(visitor.origin().in_session(&session.id)).with("ended", ended)).await?;
    tx.commit().await?;
    context.sessions().forget_all();
    Ok(())
}

/// Clears what was begun in this browser, because another person may use it next. Pending signups no longer count it as the
/// browser that began them.
async fn leave_browser(tx: &mut Tx, visitor: &Visitor) -> Result<()> {
    if let Some(browser) = &visitor.browser {
        tx.forget_browser_of_signups(browser.hash()).await?;
        tx.end_social_in(browser.hash()).await?;
    }
    Ok(())
}
