//! Signing in on the word of the embedding app.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::sign_in::entry::{self, FirstFactor};
use crate::flow::sign_in::{Effect, SignIn};
use crate::model::method::Method;
use crate::model::visitor::Visitor;

/// Signs in to an account that the app has seen proven by `method`.
///
/// # Errors
/// [`Error::NotFound`] when there is no such account.
pub(crate) async fn sign_in(
    context: &Context,
    visitor: &Visitor,
    user_id: &str,
    method: Method,
) -> Result<SignIn> {
    let mut tx = context.store().begin().await?;
    let account = tx.lock_account(user_id).await?.ok_or(Error::NotFound)?;
    entry::proceed(context, tx, visitor, FirstFactor::new(account, vec![method], Effect::None)).await
}
