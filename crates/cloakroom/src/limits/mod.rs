//! How often something may be tried, counted in storage so that all nodes share one count.
//!
//! Counting is one transaction and comes before any hash: sixty tries at once are sixty counted tries. A
//! success gives its own count back and nothing more, so that an attacker's own sign-in never clears what their
//! guessing has used up. A refused try counts nowhere and leaves no row.
//!
//! Networks are counted at several widths, because one attacker may hold many. A browser that has signed in to an account
//! before has counts of its own there (OWASP, "Device Cookies"): nobody else can use them up.

mod code;
mod mail;
mod pace;
mod proof;
mod rate;
mod remembered;

use std::sync::Arc;

use crate::cloakroom::Cloakroom;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::network::Network;
use crate::model::visitor::Visitor;
use crate::secret::{Purpose, Ticket, TicketHash};
use crate::store::Tx;

pub(crate) use code::{CodeTry, count_code};
pub(crate) use mail::count_mail;
pub(crate) use pace::Pace;
pub(crate) use proof::{Admission, admit, begin_anew, place};
pub use rate::{Rate, Width};
pub(crate) use remembered::Remembered;

/// All networks together may try this many times as often as one.
const CEILING: u32 = 10;
/// The limit on sign-ins that one network begins at providers. People of one company begin a few.
const ATTEMPTS: Rate = Rate::per_minutes(1000, 10);

/// A key in the table of limits and how often it may be counted.
pub(crate) struct Limit {
    pub(crate) key: String,
    pub(crate) rate: Rate,
    kind: &'static str,
    /// Bits of the network that it counts; 0 where it does not count by network.
    bits: u8,
    /// Whether it refuses; otherwise it is counted for later.
    pub(crate) is_met: bool,
}

impl Limit {
    fn new(cloakroom: &Cloakroom, kind: &'static str, about: &str, rate: Rate) -> Self {
        Self { key: key(cloakroom, kind, about), rate, kind, bits: 0, is_met: true }
    }

    fn is_on(&self) -> bool {
        self.rate.count > 0
    }
}

/// A key's count after this try, and when its window ends.
pub(crate) struct Count {
    pub(crate) key: String,
    pub(crate) tries: i64,
    pub(crate) resets_at: Timestamp,
    /// Whether this try is among them: beyond a limit that is used up nothing is counted.
    pub(crate) is_counted: bool,
}

/// A try that was counted and not refused.
pub(crate) struct Counted {
    counts: Vec<Count>,
    remembered: Arc<Remembered>,
}

impl Counted {
    fn nothing(cloakroom: &Cloakroom) -> Self {
        Self { counts: Vec::new(), remembered: Arc::clone(cloakroom.remembered_limits()) }
    }

    /// Gives the try back, in the transaction of what it led to.
    pub(crate) async fn give_back(&self, tx: &mut Tx) -> Result<()> {
        for count in self.counts.iter().filter(|count| count.is_counted) {
            tx.uncount(count).await?;
            self.remembered.forget(&count.key);
        }
        Ok(())
    }
}

/// Counts a sign-in that somebody at `network` begins at a provider, within the transaction that keeps it: one client must not
/// fill storage with what waits for ten minutes. Off together with `login_per_ip`.
///
/// # Errors
/// [`Error::RateLimited`].
pub(crate) async fn count_attempt(cloakroom: &Cloakroom, tx: &mut Tx, network: Network) -> Result<()> {
    if cloakroom.config().limits.login_per_ip.count == 0 {
        return Ok(());
    }
    let all = OfNetwork { kind: "attempts", about: "", rate: ATTEMPTS, below: u32::MAX };
    let limits = at_widths(cloakroom, network, &all);
    let now = cloakroom.now();
    let counts = tx.count(&limits, now).await?;
    used_up(&limits, &counts).map_or(Ok(()), |over| Err(refused(over, now)))
}

/// A limit for a network, at each width.
struct OfNetwork<'a> {
    kind: &'static str,
    /// The account or address that it is about; empty for everything.
    about: &'a str,
    rate: Rate,
    /// The limit over all networks. A wide network may use up half of it at most, so that it cannot lock out the others.
    below: u32,
}

/// A limit for each width of `network`, narrowest first: one order for everyone, so that no two transactions wait for each other
/// in a circle.
fn at_widths(cloakroom: &Cloakroom, network: Network, of: &OfNetwork<'_>) -> Vec<Limit> {
    let widths = widths(cloakroom, network);
    let narrowest = widths.first().map_or(0, |width| width.bits);
    widths
        .into_iter()
        .map(|width| (width.bits, of.rate.times(width.factor)))
        .map(|(bits, rate)| {
            let is_capped = bits != narrowest && rate.count >= of.below;
            (bits, if is_capped { Rate { count: of.below / 2, ..rate } } else { rate })
        })
        .map(|(bits, rate)| of_width(cloakroom, network, bits, &OfNetwork { rate, ..*of }))
        .collect()
}

fn of_width(cloakroom: &Cloakroom, network: Network, bits: u8, of: &OfNetwork<'_>) -> Limit {
    let kind = if matches!(bits, 32 | 64) { of.kind.to_owned() } else { format!("{}/{bits}", of.kind) };
    let network = network.widened(bits);
    let about = if of.about.is_empty() { network } else { format!("{}\0{network}", of.about) };
    Limit { key: key(cloakroom, &kind, &about), rate: of.rate, kind: of.kind, bits, is_met: true }
}

/// The widths at which a network is counted, narrowest first.
fn widths(cloakroom: &Cloakroom, network: Network) -> Vec<Width> {
    let limits = &cloakroom.config().limits;
    let mut widths = match network {
        Network::Four(_) => limits.ipv4_widths.clone(),
        Network::Six(_) => limits.ipv6_widths.clone(),
        Network::Unknown => vec![Width::new(64, 1)],
    };
    widths.sort_unstable_by_key(|width| std::cmp::Reverse(width.bits));
    widths
}

/// The visitor's browser, if the account of `email` has signed in from it before. A session alone does not make a browser
/// known: it may be a stolen one.
pub(crate) async fn known_browser(
    cloakroom: &Cloakroom,
    email: &Email,
    visitor: &Visitor,
) -> Result<Option<TicketHash>> {
    let Some(browser) = visitor.browser.as_ref().map(Ticket::hash) else { return Ok(None) };
    let is_known = cloakroom.store().knows_browser(email, browser).await?;
    Ok(is_known.then_some(browser))
}

/// Counts a try under each of `limits`, or under none of them when one is used up. Call [`require_not_refused`] before.
///
/// # Errors
/// [`Error::RateLimited`]; [`Error::Unavailable`] when storage does not answer.
async fn count(cloakroom: &Cloakroom, limits: &[Limit]) -> Result<Counted> {
    if limits.is_empty() {
        return Ok(Counted::nothing(cloakroom));
    }
    let now = cloakroom.now();
    let mut tx = cloakroom.store().begin().await?;
    let counts = tx.count(limits, now).await?;
    let remembered = cloakroom.remembered_limits();
    if let Some(over) = used_up(limits, &counts) {
        tx.roll_back().await?;
        remembered.remember(limits, &counts);
        return Err(refused(over, now));
    }
    tx.commit().await?;
    // What is full refuses the next try.
    remembered.remember(limits, &counts);
    Ok(Counted { counts, ..Counted::nothing(cloakroom) })
}

/// Answers from memory what storage has refused a moment ago.
fn require_not_refused(cloakroom: &Cloakroom, limits: &[Limit]) -> Result<()> {
    let now = cloakroom.now();
    cloakroom.remembered_limits().find(limits, now).map_or(Ok(()), |over| Err(refused(over, now)))
}

/// A limit that is used up, and when the last of those that are begins anew.
#[derive(Clone, Copy)]
struct Over<'a> {
    limit: &'a Limit,
    retry_at: Timestamp,
}

fn refused(over: Over<'_>, now: Timestamp) -> Error {
    let Over { limit, retry_at } = over;
    let network = if limit.bits == 0 { "all".to_owned() } else { format!("/{}", limit.bits) };
    metrics::counter!("cloakroom_rate_limited_total", "limit" => limit.kind, "network" => network)
        .increment(1);
    let retry_after = retry_at.since(now).as_millis().div_ceil(1000).max(1);
    Error::RateLimited { retry_at, retry_after: u64::try_from(retry_after).unwrap_or(u64::MAX) }
}

/// The first limit that is used up; `None` when none is.
fn used_up<'a>(limits: &'a [Limit], counts: &[Count]) -> Option<Over<'a>> {
    let is_over =
        |(limit, count): &(&Limit, &Count)| limit.is_met && count.tries > i64::from(limit.rate.count);
    let over = || limits.iter().zip(counts).filter(is_over);
    let (limit, _) = over().next()?;
    let retry_at = over().map(|(_, count)| count.resets_at).max()?;
    Some(Over { limit, retry_at })
}

/// Addresses do not lie in the table in clear, and a key is never longer than this.
fn key(cloakroom: &Cloakroom, kind: &str, about: &str) -> String {
    format!("{kind}:{}", cloakroom.key().sign(Purpose::LimitKey, format!("{kind}\0{about}").as_bytes()))
}
