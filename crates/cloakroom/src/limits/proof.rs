//! Tries to prove who one is by password.

use super::{CEILING, Counted, Limit, OfNetwork, at_widths, count, known_browser, require_not_refused};
use crate::cloakroom::Cloakroom;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::network::Network;
use crate::model::visitor::Visitor;
use crate::password::Place;
use crate::secret::TicketHash;
use crate::store::Tx;

/// A try that was counted and has its place in the queue of hashes.
pub(crate) struct Admission {
    pub(crate) place: Place,
    pub(crate) counted: Counted,
}

/// Counts a try of `visitor` to prove that they own the account of `email`, then takes a place in the queue of hashes.
///
/// A browser that has signed in to that account before has a count of its own. It meets no other: neither colleagues in its
/// network nor attackers with many addresses can lock the owner out.
///
/// # Errors
/// [`Error::RateLimited`] when any of the limits is used up; [`Error::Busy`], which costs no try.
pub(crate) async fn admit(cloakroom: &Cloakroom, email: &Email, visitor: &Visitor) -> Result<Admission> {
    let admitted = try_to_admit(cloakroom, email, visitor).await;
    if matches!(admitted, Err(Error::RateLimited { .. } | Error::Busy)) {
        cloakroom.pace().hold(cloakroom.passwords().is_waiting()).await;
    }
    admitted
}

async fn try_to_admit(cloakroom: &Cloakroom, email: &Email, visitor: &Visitor) -> Result<Admission> {
    let limits = limits(cloakroom, email, visitor).await?;
    require_not_refused(cloakroom, &limits)?;
    cloakroom.passwords().require_room(visitor.network)?;
    let counted = count(cloakroom, &limits).await?;
    let place = place(cloakroom, visitor.network, &counted).await?;
    Ok(Admission { place, counted })
}

/// Takes a place in the queue for what was counted; without one, the count is given back.
///
/// # Errors
/// [`Error::Busy`].
pub(crate) async fn place(cloakroom: &Cloakroom, network: Network, counted: &Counted) -> Result<Place> {
    let place = cloakroom.passwords().place(network);
    if place.is_err() {
        let mut tx = cloakroom.store().begin().await?;
        counted.give_back(&mut tx).await?;
        tx.commit().await?;
    }
    place
}

/// Lets the counts of an account begin anew once its owner has proven the mailbox: the one over all networks, and that of the
/// owner's browser. Comes before the account's row, as in a login.
pub(crate) async fn begin_anew(
    cloakroom: &Cloakroom,
    tx: &mut Tx,
    email: &Email,
    browser: Option<TicketHash>,
) -> Result<()> {
    let own = browser.map(|browser| of_browser(cloakroom, email, browser));
    // In the order in which a try counts them.
    for limit in own.into_iter().chain([ceiling(cloakroom, email)]) {
        tx.forget_limit(&limit.key).await?;
        cloakroom.remembered_limits().forget(&limit.key);
    }
    Ok(())
}

async fn limits(cloakroom: &Cloakroom, email: &Email, visitor: &Visitor) -> Result<Vec<Limit>> {
    let rates = &cloakroom.config().limits;
    if rates.login_per_account.count > 0
        && let Some(browser) = known_browser(cloakroom, email, visitor).await?
    {
        return Ok(vec![of_browser(cloakroom, email, browser)]);
    }
    let ceiling = ceiling(cloakroom, email);
    let address = OfNetwork { kind: "address", about: "", rate: rates.login_per_ip, below: u32::MAX };
    let account = OfNetwork {
        kind: "account",
        about: email.canonical(),
        rate: rates.login_per_account,
        below: ceiling.rate.count,
    };
    let mut limits = at_widths(cloakroom, visitor.network, &address);
    limits.extend(at_widths(cloakroom, visitor.network, &account));
    // Counted now and met once the browser is known: a success does not clear what was guessed before it.
    let own = visitor.browser.as_ref().map(|browser| of_browser(cloakroom, email, browser.hash()));
    limits.extend(own.map(|own| Limit { is_met: false, ..own }));
    limits.push(ceiling);
    limits.retain(Limit::is_on);
    Ok(limits)
}

fn of_browser(cloakroom: &Cloakroom, email: &Email, browser: TicketHash) -> Limit {
    let about = format!("{}\0{}", email.canonical(), browser.to_text());
    Limit::new(cloakroom, "browser", &about, cloakroom.config().limits.login_per_account)
}

fn ceiling(cloakroom: &Cloakroom, email: &Email) -> Limit {
    let rate = cloakroom.config().limits.login_per_account.times(CEILING);
    Limit::new(cloakroom, "ceiling", email.canonical(), rate)
}
