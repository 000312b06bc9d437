//! Attempts to prove an identity by password.

use super::{CEILING, Counted, Limiter, OfNetwork, at_widths, count, known_browser, require_not_refused};
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::limit::Limit;
use crate::model::network::Network;
use crate::model::visitor::Visitor;
use crate::password::{Passwords, Place};
use crate::secret::TicketHash;
use crate::store::Tx;

/// An attempt that was counted and that has a place in the queue of hashes.
pub(crate) struct Admission {
    pub(crate) place: Place,
    pub(crate) counted: Counted,
}

/// Counts an attempt of `visitor` to prove that they own the account of `email`, then takes a place in the queue of hashes.
///
/// A browser that has signed in to that account before has a count of its own, and meets no other limit. So neither colleagues
/// in its network nor attackers with many addresses can lock the owner out.
///
/// # Errors
/// [`Error::RateLimited`] when any of the limits is used up; [`Error::Busy`], which uses up no attempt.
pub(crate) async fn admit(
    limiter: &Limiter,
    passwords: &Passwords,
    email: &Email,
    visitor: &Visitor,
) -> Result<Admission> {
    let admitted = try_to_admit(limiter, passwords, email, visitor).await;
    if matches!(admitted, Err(Error::RateLimited { .. } | Error::Busy)) {
        limiter.0.pace.hold(passwords.is_waiting()).await;
    }
    admitted
}

async fn try_to_admit(
    limiter: &Limiter,
    passwords: &Passwords,
    email: &Email,
    visitor: &Visitor,
) -> Result<Admission> {
    let limits = limits(limiter, email, visitor).await?;
    require_not_refused(limiter, &limits)?;
    passwords.require_room(visitor.network)?;
    let counted = count(limiter, &limits).await?;
    let place = place(limiter, passwords, visitor.network, &counted).await?;
    Ok(Admission { place, counted })
}

/// Takes a place in the queue for an attempt that was counted. Gives the count back when there is no place.
///
/// # Errors
/// [`Error::Busy`].
pub(crate) async fn place(
    limiter: &Limiter,
    passwords: &Passwords,
    network: Network,
    counted: &Counted,
) -> Result<Place> {
    let place = passwords.place(network);
    if place.is_err() {
        let mut tx = limiter.0.store.begin().await?;
        counted.give_back(&mut tx).await?;
        tx.commit().await?;
    }
    place
}

/// Resets the counts of an account once its owner has proven the mailbox: the one over all networks, and that of the owner's
/// browser. Lock order: the counts come before the account's row, as in a login.
pub(crate) async fn begin_anew(
    limiter: &Limiter,
    tx: &mut Tx,
    email: &Email,
    browser: Option<TicketHash>,
) -> Result<()> {
    let own = browser.map(|browser| of_browser(limiter, email, browser));
    // In the order in which an attempt counts them.
    for limit in own.into_iter().chain([ceiling(limiter, email)]) {
        tx.forget_limit(&limit.key).await?;
        limiter.remembered().forget(&limit.key);
    }
    Ok(())
}

async fn limits(limiter: &Limiter, email: &Email, visitor: &Visitor) -> Result<Vec<Limit>> {
    let rates = limiter.rates();
    if rates.login_per_account.count > 0
        && let Some(browser) = known_browser(limiter, email, visitor).await?
    {
        return Ok(vec![of_browser(limiter, email, browser)]);
    }
    let ceiling = ceiling(limiter, email);
    let address = OfNetwork { kind: "address", about: "", rate: rates.login_per_ip, below: u32::MAX };
    let account = OfNetwork {
        kind: "account",
        about: email.canonical(),
        rate: rates.login_per_account,
        below: ceiling.rate.count,
    };
    let mut limits = at_widths(limiter, visitor.network, &address);
    limits.extend(at_widths(limiter, visitor.network, &account));
    // Counted now and enforced once the browser is known: a success does not clear earlier guesses.
    let own = visitor.browser.as_ref().map(|browser| of_browser(limiter, email, browser.hash()));
    limits.extend(own.map(|own| Limit { is_met: false, ..own }));
    limits.push(ceiling);
    limits.retain(Limit::is_on);
    Ok(limits)
}

fn of_browser(limiter: &Limiter, email: &Email, browser: TicketHash) -> Limit {
    let about = format!("{}\0{}", email.canonical(), browser.to_text());
    Limit::new(limiter, "browser", &about, limiter.rates().login_per_account)
}

fn ceiling(limiter: &Limiter, email: &Email) -> Limit {
    let rate = limiter.rates().login_per_account.times(CEILING);
    Limit::new(limiter, "ceiling", email.canonical(), rate)
}
