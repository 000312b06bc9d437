//! Limits on the mails that a visitor requests.

use super::{CEILING, Counted, Limiter, OfNetwork, at_widths, count, known_browser, require_not_refused};
use crate::error::{Error, Result};
use crate::mail::Kind;
use crate::model::email::Email;
use crate::model::limit::Limit;
use crate::model::rate::Rate;
use crate::model::visitor::Visitor;

/// The resets that always leave for an address, whatever other networks have used up.
const SURE_RESETS: Rate = Rate::per_minutes(1, 60);

/// The kind of the limit over all networks.
const CEILING_KIND: &str = "mail-ceiling";

/// Counts a mail of `kind` to `email` that `visitor` requests. Returns `None` when the mail may not be sent. Call it only for a
/// mail that is or may be sent: one that is sure not to leave must use up nothing.
///
/// Each kind of mail has its own counts, for each network and over all networks. A browser that has signed in to the address's
/// account has a count of its own. The function never looks up whether the address has an account. It does not report a limit
/// that is used up: the answer is the same, and nothing is sent.
///
/// # Errors
/// [`Error::Unavailable`] when storage does not answer.
pub(crate) async fn count_mail(
    limiter: &Limiter,
    kind: Kind,
    email: &Email,
    visitor: &Visitor,
) -> Result<Option<Counted>> {
    let mut limits = limits(limiter, kind, email, visitor).await?;
    match count_unless_refused(limiter, &limits).await {
        Err(Error::RateLimited { .. }) if kind == Kind::PasswordReset => {}
        other => return permitted(other),
    }
    // The one reset an hour ignores the limit over all networks, but not the limits of this network.
    limits.retain(|limit| limit.kind != CEILING_KIND);
    let mut sure = limits;
    sure.push(Limit::new(limiter, "mail-sure", email.canonical(), SURE_RESETS));
    permitted(count_unless_refused(limiter, &sure).await)
}

async fn count_unless_refused(limiter: &Limiter, limits: &[Limit]) -> Result<Counted> {
    require_not_refused(limiter, limits)?;
    count(limiter, limits).await
}

fn permitted(counted: Result<Counted>) -> Result<Option<Counted>> {
    match counted {
        Ok(counted) => Ok(Some(counted)),
        Err(Error::RateLimited { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn limits(limiter: &Limiter, kind: Kind, email: &Email, visitor: &Visitor) -> Result<Vec<Limit>> {
    let rates = limiter.rates();
    let about = format!("{}\0{}", kind.name(), recipient(kind, email));
    if rates.mail_per_address.count > 0
        && let Some(browser) = known_browser(limiter, email, visitor).await?
    {
        let about = format!("{about}\0{}", browser.to_text());
        return Ok(vec![Limit::new(limiter, "mail-browser", &about, rates.mail_per_address)]);
    }
    let ceiling = Limit::new(limiter, CEILING_KIND, &about, rates.mail_per_address.times(CEILING));
    let to =
        OfNetwork { kind: "mail-to", about: &about, rate: rates.mail_per_address, below: ceiling.rate.count };
    let mut limits = from(limiter, kind, visitor);
    limits.extend(at_widths(limiter, visitor.network, &to));
    limits.push(ceiling);
    limits.retain(Limit::is_on);
    Ok(limits)
}

/// Returns the limits on the mails of one network, to any recipient.
fn from(limiter: &Limiter, kind: Kind, visitor: &Visitor) -> Vec<Limit> {
    let rate = limiter.rates().mail_per_ip;
    let of = OfNetwork { kind: "mail-from", about: kind.name(), rate, below: u32::MAX };
    let mut limits = at_widths(limiter, visitor.network, &of);
    limits.retain(Limit::is_on);
    limits
}

/// Returns the key of the mailbox that a mail fills: addresses that differ only in their tag share one. A reset is different:
/// it leaves for an account's own address alone, so tags cannot multiply mails. Its requests for an address without an account
/// must not use up the limit of a neighbour in the same mailbox.
fn recipient(kind: Kind, email: &Email) -> String {
    if kind == Kind::PasswordReset { email.canonical().to_owned() } else { email.mailbox() }
}
