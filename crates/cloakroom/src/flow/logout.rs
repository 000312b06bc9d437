//! Signing out: the attendant tears up the other half of the ticket.

use crate::cloakroom::Cloakroom;
use crate::error::Result;
use crate::model::user::User;
use crate::model::visitor::Visitor;

/// Ends the session of this browser; one that is dead already, or none, is no error.
pub(crate) async fn here(cloakroom: &Cloakroom, visitor: &Visitor) -> Result<()> {
    let mut tx = cloakroom.store().begin().await?;
    let user_id = match &visitor.session {
        Some(ticket) => tx.end_session(ticket.hash()).await?,
        None => None,
    };
    if let Some(browser) = &visitor.browser {
        tx.forget_browser_of_signups(browser.hash()).await?;
    }
    tx.commit().await?;
    if let Some(ticket) = &visitor.session {
        cloakroom.sessions().forget(ticket.hash());
    }
    if let Some(user_id) = user_id {
        tracing::info!(user = user_id, "signed out");
    }
    Ok(())
}

/// Ends every session of the user.
pub(crate) async fn everywhere(cloakroom: &Cloakroom, visitor: &Visitor, user: &User) -> Result<()> {
    let mut tx = cloakroom.store().begin().await?;
    let ended = tx.end_sessions_of(&user.id).await?;
    if let Some(browser) = &visitor.browser {
        tx.forget_browser_of_signups(browser.hash()).await?;
    }
    tx.commit().await?;
    cloakroom.sessions().forget_all();
    tracing::info!(user = user.id, sessions = ended, "signed out everywhere");
    Ok(())
}
