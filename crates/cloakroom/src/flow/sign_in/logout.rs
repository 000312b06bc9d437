//! Signing out: the attendant tears up the other half of the ticket.

use crate::context::Context;
use crate::error::Result;
use crate::flow::sign_in::session;
use crate::model::visitor::Visitor;
use crate::session::Live;
use crate::store::Tx;

/// Ends the session of this browser, also when it has got another ticket since this was sent; one that is dead already, or
/// none, is no error.
pub(crate) async fn here(context: &Context, visitor: &Visitor) -> Result<()> {
    let mut tx = context.store().begin().await?;
    leave_browser(&mut tx, visitor).await?;
    let ended = session::end_shown(&mut tx, visitor).await?;
    tx.commit().await?;
    ended.forget(context);
    if let Some(user_id) = ended.user_id {
        tracing::info!(user = user_id, "signed out");
    }
    Ok(())
}

/// Ends every session of the user.
pub(crate) async fn everywhere(context: &Context, visitor: &Visitor, session: &Live) -> Result<()> {
    let user = &session.user;
    let mut tx = context.store().begin().await?;
    // A session that is being renewed meanwhile is seen only by who holds the account.
    tx.lock_account(&user.id).await?;
    leave_browser(&mut tx, visitor).await?;
    let ended = tx.end_sessions_of(&user.id).await?;
    tx.commit().await?;
    context.sessions().forget_all();
    tracing::info!(user = user.id, sessions = ended, "signed out everywhere");
    Ok(())
}

/// Somebody else may sit before this browser next: what was begun in it ends, and no signup takes it for the same any more.
async fn leave_browser(tx: &mut Tx, visitor: &Visitor) -> Result<()> {
    if let Some(browser) = &visitor.browser {
        tx.forget_browser_of_signups(browser.hash()).await?;
        tx.end_social_in(browser.hash()).await?;
    }
    Ok(())
}
