//! Tokens from mails. A token may be checked any number of times and is used up once.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::challenge::{Challenge, ChallengeKind};
use crate::secret::Ticket;
use crate::store::Tx;

/// Returns the challenge of a token, without using it up.
///
/// # Errors
/// [`Error::TokenInvalid`] for a token that was used, has expired, was replaced, is for another purpose, or never existed.
pub(crate) async fn look(context: &Context, kind: ChallengeKind, token: &str) -> Result<Challenge> {
    let token = Ticket::parse(token.as_bytes()).ok_or(Error::TokenInvalid)?;
    let found = context.store().challenge(kind, token.hash(), context.now()).await?;
    found.ok_or(Error::TokenInvalid)
}

/// Uses a token up, in the transaction of its effect.
///
/// # Errors
/// As [`look`].
pub(crate) async fn take(
    context: &Context,
    tx: &mut Tx,
    kind: ChallengeKind,
    token: &str,
) -> Result<Challenge> {
    let token = Ticket::parse(token.as_bytes()).ok_or(Error::TokenInvalid)?;
    tx.take_challenge(kind, token.hash(), context.now()).await?.ok_or(Error::TokenInvalid)
}
