//! Signing in by a proven mailbox.

use crate::context::Context;
use crate::error::Result;
use crate::flow::sign_in::entry::{self, FirstFactor};
use crate::flow::sign_in::{Effect, SignIn};
use crate::model::method::Method;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::store::Tx;

/// Signs the owner of a mailbox in to the account that was made for it in this transaction.
pub(crate) async fn sign_in(
    context: &Context,
    tx: Tx,
    visitor: &Visitor,
    account: Account,
) -> Result<SignIn> {
    let factor = FirstFactor::new(account, vec![Method::EmailCode], Effect::AccountMade);
    entry::proceed(context, tx, visitor, factor).await
}
