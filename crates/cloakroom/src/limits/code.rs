//! Attempts to enter a code that was mailed.

use super::{CEILING, Counted, Limiter, OfNetwork, of_width, used_up, widths};
use crate::error::Result;
use crate::model::limit::Limit;
use crate::model::rate::Rate;
use crate::model::visitor::Visitor;
use crate::store::Tx;

/// An attempt to enter a code.
pub(crate) struct CodeTry<'a> {
    /// The address or the account that the code proves.
    pub(crate) about: &'a str,
    /// The wrong codes allowed in one browser; over all networks ten times as many.
    pub(crate) rate: Rate,
    /// The wrong codes allowed from one network, at its widest.
    pub(crate) from_network: Rate,
    pub(crate) visitor: &'a Visitor,
    /// Set when the account has signed in from this browser: it meets only its own limit.
    pub(crate) is_known: bool,
}

/// Counts an attempt to enter a code, within the transaction that checks it. Returns `None` when no attempt is left.
///
/// # Errors
/// [`crate::Error::Unavailable`] when storage does not answer.
pub(crate) async fn count_code(
    limiter: &Limiter,
    tx: &mut Tx,
    code: &CodeTry<'_>,
) -> Result<Option<Counted>> {
    let CodeTry { about, rate, from_network, visitor, is_known } = *code;
    let browser = visitor.browser.as_ref().map_or_else(String::new, |browser| browser.hash().to_text());
    let mut limits = vec![Limit::new(limiter, "code", &format!("{about}\0{browser}"), rate)];
    if !is_known {
        let of = OfNetwork { kind: "code-from", about, rate: from_network, below: u32::MAX };
        let widest = widths(limiter, visitor.network).last().map_or(0, |width| width.bits);
        limits.push(of_width(limiter, visitor.network, widest, &of));
        limits.push(Limit::new(limiter, "code-ceiling", about, rate.times(CEILING)));
    }
    let counts = tx.count(&limits, limiter.now()).await?;
    let is_over = used_up(&limits, &counts).is_some();
    Ok((!is_over).then_some(Counted { counts, ..Counted::nothing(limiter) }))
}
