//! Signing in by a provider's assertion.

use crate::context::Context;
use crate::error::Result;
use crate::flow::sign_in::entry::{self, FirstFactor};
use crate::flow::sign_in::{Effect, SignIn};
use crate::model::method::Method;
use crate::model::user::Account;
use crate::model::visitor::Visitor;
use crate::store::Tx;

/// An account that a provider's assertion has led to.
pub(crate) struct Vouched {
    pub(crate) account: Account,
    /// The method that proved the account or its address after the provider's assertion.
    pub(crate) besides: Option<Method>,
    pub(crate) effect: Effect,
    /// The provider's id.
    pub(crate) provider: String,
}

/// Signs somebody in whom a provider vouches for, in the transaction that links the identity.
pub(crate) async fn sign_in(
    context: &Context,
    tx: Tx,
    visitor: &Visitor,
    vouched: Vouched,
) -> Result<SignIn> {
    let methods = [Method::Social].into_iter().chain(vouched.besides).collect();
    let factor = FirstFactor::new(vouched.account, methods, vouched.effect);
    let factor = FirstFactor { provider: Some(vouched.provider), ..factor };
    entry::proceed(context, tx, visitor, factor).await
}
