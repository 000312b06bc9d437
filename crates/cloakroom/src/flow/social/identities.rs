//! The identities linked to an account: listed, and unlinked again.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::session::{Authenticated, hold_account, require_recent};
use crate::mail::Kind;
use crate::mail::outbox;
use crate::model::event::{Event, EventType};
use crate::model::social::Identity;
use crate::session::Live;

/// Returns the identities linked to the account that is signed in, oldest first.
pub(crate) async fn list(context: &Context, session: &Live) -> Result<Vec<Identity>> {
    context.store().identities_of(&session.user.id).await
}

/// Unlinks an identity, unless it is the last way to sign in.
///
/// # Errors
/// [`Error::NotAuthenticated`] when the session has ended meanwhile; [`Error::ReauthenticationRequired`]; [`Error::NotFound`]
/// for one that does not exist or is not theirs; [`Error::LastSignInMethod`].
pub(crate) async fn unlink(
    context: &Context,
    Authenticated { session, visitor, occasion }: Authenticated<'_>,
    identity_id: &str,
) -> Result<()> {
    require_recent(context, session)?;
    let mut tx = context.store().begin().await?;
    // Of two concurrent unlinks, the second one sees that the first identity is gone.
    let account = hold_account(&mut tx, session).await?;
    let linked = tx.identities_of(&account.id).await?;
    let identity = linked.iter().find(|identity| identity.id == identity_id).ok_or(Error::NotFound)?;
    // An identity whose provider is no longer configured opens nothing.
    let opens =
        |other: &&Identity| other.id != identity.id && context.providers().get(&other.provider).is_some();
    if account.password_hash.is_none() && linked.iter().filter(opens).count() == 0 {
        return Err(Error::LastSignInMethod);
    }
    tx.delete_identity(&identity.id).await?;
    let name = context.config().provider_name(&identity.provider);
    outbox::post_to(&mut tx, Kind::IdentityUnlinked, &account, &occasion.about(name)).await?;
    let unlinked = Event::new(EventType::IdentityUnlinked, context.now()).of(&account);
    let unlinked = unlinked.from(visitor.origin().in_session(&session.id));
    tx.record(unlinked.with("provider", &*identity.provider)).await?;
    tx.commit().await?;
    context.outbox().wake();
    Ok(())
}
