//! What is linked to an account: looked at, and unlinked again.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::session;
use crate::flow::social::Arrival;
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::social::Identity;
use crate::model::visitor::Visitor;

/// What is linked to the account that is signed in, oldest first.
///
/// # Errors
/// [`Error::NotAuthenticated`].
pub(crate) async fn list(context: &Context, visitor: &Visitor) -> Result<Vec<Identity>> {
    let live = session::require(context, visitor).await?;
    context.store().identities_of(&live.user.id).await
}

/// Unlinks an identity; not the last way in.
///
/// # Errors
/// [`Error::NotAuthenticated`]; [`Error::ReauthenticationRequired`]; [`Error::NotFound`] for one that is not there or not
/// theirs; [`Error::LastSignInMethod`].
pub(crate) async fn unlink(context: &Context, arrival: Arrival<'_>, identity_id: &str) -> Result<()> {
    let live = session::require_recent(context, arrival.visitor).await?;
    let mut tx = context.store().begin().await?;
    // Of two that are unlinked at once, the second one sees that the first is gone.
    let account = tx.lock_account(&live.user.id).await?.ok_or(Error::NotAuthenticated)?;
    let ticket = arrival.visitor.session.as_ref().ok_or(Error::NotAuthenticated)?.hash();
    if !tx.has_session(ticket, &account.id).await? {
        return Err(Error::NotAuthenticated);
    }
    let linked = tx.identities_of(&account.id).await?;
    let identity = linked.iter().find(|identity| identity.id == identity_id).ok_or(Error::NotFound)?;
    // One whose provider is not configured any more opens nothing.
    let opens =
        |other: &&Identity| other.id != identity.id && context.providers().get(&other.provider).is_some();
    if account.password_hash.is_none() && linked.iter().filter(opens).count() == 0 {
        return Err(Error::LastSignInMethod);
    }
    tx.delete_identity(&identity.id).await?;
    let name = context.config().provider_name(&identity.provider);
    outbox::post_to(&mut tx, Kind::IdentityUnlinked, &account, &arrival.occasion.about(name)).await?;
    tx.commit().await?;
    context.outbox().wake();
    tracing::info!(user = account.id, provider = identity.provider, "unlinked");
    Ok(())
}
