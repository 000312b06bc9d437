//! Rate limits, counted in storage so that all nodes share one count.
//!
//! Counting is one transaction and comes before any hash: sixty attempts at once are sixty counted attempts. A success gives
//! only its own count back, so an attacker's own sign-in never clears the count of their guesses. A refused attempt is not
//! counted and leaves no row.
//!
//! Networks are counted at several widths, because one attacker may hold many. A browser that has signed in to an account
//! before has counts of its own there (OWASP, "Device Cookies"). No other browser can use them up.

mod code;
mod mail;
mod pace;
mod proof;
mod remembered;
mod validate;

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::limit::{Count, Counting, Limit};
use crate::model::network::Network;
use crate::model::rate::{Rate, Width};
use crate::model::visitor::Visitor;
use crate::secret::{Purpose, SecretKey, Ticket, TicketHash};
use crate::store::{Store, Tx};

pub(crate) use code::{CodeTry, count_code};
pub(crate) use mail::count_mail;
use pace::Pace;
pub(crate) use proof::{Admission, admit, begin_anew, place};
use remembered::Remembered;
pub(crate) use validate::validate;

/// The factor by which the limit over all networks exceeds that of one network.
const CEILING: u32 = 10;
/// The limit on sign-ins that one network begins at providers. People of one company begin a few.
const ATTEMPTS: Rate = Rate::per_minutes(1000, 10);

/// Counts attempts. It is opened once and cloned cheaply.
#[derive(Clone)]
pub(crate) struct Limiter(Arc<Inner>);

struct Inner {
    rates: config::Limits,
    store: Store,
    clock: Clock,
    key: SecretKey,
    remembered: Remembered,
    pace: Pace,
}

impl Limiter {
    pub(crate) fn new(rates: &config::Limits, store: &Store, clock: &Clock, key: &SecretKey) -> Self {
        Self(Arc::new(Inner {
            rates: rates.clone(),
            store: store.clone(),
            clock: clock.clone(),
            key: key.clone(),
            remembered: Remembered::new(),
            pace: Pace::new(),
        }))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn rates(&self) -> &config::Limits {
        &self.0.rates
    }

    fn remembered(&self) -> &Remembered {
        &self.0.remembered
    }
}

impl Limit {
    fn new(limiter: &Limiter, kind: &'static str, about: &str, rate: Rate) -> Self {
        Self { key: key(limiter, kind, about), rate, kind, bits: 0, is_met: true }
    }

    fn is_on(&self) -> bool {
        self.rate.count > 0
    }
}

/// An attempt that was counted and not refused.
pub(crate) struct Counted {
    counts: Vec<Count>,
    limiter: Limiter,
}

impl Counted {
    fn nothing(limiter: &Limiter) -> Self {
        Self { counts: Vec::new(), limiter: limiter.clone() }
    }

    /// Gives the attempt back, in the transaction of its result.
    pub(crate) async fn give_back(&self, tx: &mut Tx) -> Result<()> {
        for count in self.counts.iter().filter(|count| count.outcome.is_counted()) {
            tx.uncount(count).await?;
            self.limiter.remembered().forget(&count.key);
        }
        Ok(())
    }
}

/// Counts a sign-in that a client at `network` begins at a provider, within the transaction that stores it. One client must not
/// fill storage with attempts that are kept for ten minutes. Off together with `login_per_ip`.
///
/// # Errors
/// [`Error::RateLimited`].
pub(crate) async fn count_attempt(limiter: &Limiter, tx: &mut Tx, network: Network) -> Result<()> {
    if limiter.rates().login_per_ip.count == 0 {
        return Ok(());
    }
    let all = OfNetwork { kind: "attempts", about: "", rate: ATTEMPTS, below: u32::MAX };
    let limits = at_widths(limiter, network, &all);
    let now = limiter.now();
    let counts = tx.count(&limits, now).await?;
    used_up(&limits, &counts).map_or(Ok(()), |over| Err(refused(over, now)))
}

/// A limit for a network, at each width.
struct OfNetwork<'a> {
    kind: &'static str,
    /// The account or address that the limit is about; empty for everything.
    about: &'a str,
    rate: Rate,
    /// The limit over all networks. A wide network may use up half of it at most, so that it cannot lock out the others.
    below: u32,
}

/// Returns a limit for each width of `network`, narrowest first. This lock order is the same everywhere, so that no two
/// transactions deadlock.
fn at_widths(limiter: &Limiter, network: Network, of: &OfNetwork<'_>) -> Vec<Limit> {
    let widths = widths(limiter, network);
    let narrowest = widths.first().map_or(0, |width| width.bits);
    widths
        .into_iter()
        .map(|width| (width.bits, of.rate.times(width.factor)))
        .map(|(bits, rate)| {
            let is_capped = bits != narrowest && rate.count >= of.below;
            (bits, if is_capped { Rate { count: of.below / 2, ..rate } } else { rate })
        })
        .map(|(bits, rate)| of_width(limiter, network, bits, &OfNetwork { rate, ..*of }))
        .collect()
}

fn of_width(limiter: &Limiter, network: Network, bits: u8, of: &OfNetwork<'_>) -> Limit {
    let kind = if matches!(bits, 32 | 64) { of.kind.to_owned() } else { format!("{}/{bits}", of.kind) };
    let network = network.widened(bits);
    let about = if of.about.is_empty() { network } else { format!("{}\0{network}", of.about) };
    Limit { key: key(limiter, &kind, &about), rate: of.rate, kind: of.kind, bits, is_met: true }
}

/// Returns the widths at which a network is counted, narrowest first.
fn widths(limiter: &Limiter, network: Network) -> Vec<Width> {
    let limits = limiter.rates();
    let mut widths = match network {
        Network::Four(_) => limits.ipv4_widths.clone(),
        Network::Six(_) => limits.ipv6_widths.clone(),
        Network::Unknown => vec![Width::new(64, 1)],
    };
    widths.sort_unstable_by_key(|width| std::cmp::Reverse(width.bits));
    widths
}

/// Returns the visitor's browser, if the account of `email` has signed in from it before. A session alone does not make a
/// browser known: it may be a stolen one.
pub(crate) async fn known_browser(
    limiter: &Limiter,
    email: &Email,
    visitor: &Visitor,
) -> Result<Option<TicketHash>> {
    let Some(browser) = visitor.browser.as_ref().map(Ticket::hash) else { return Ok(None) };
    let is_known = limiter.0.store.knows_browser(email, browser).await?;
    Ok(is_known.then_some(browser))
}

/// Counts an attempt under each of `limits`, or under none of them when one is used up. Call [`require_not_refused`] before.
///
/// # Errors
/// [`Error::RateLimited`]; [`Error::Unavailable`] when storage does not answer.
async fn count(limiter: &Limiter, limits: &[Limit]) -> Result<Counted> {
    if limits.is_empty() {
        return Ok(Counted::nothing(limiter));
    }
    let now = limiter.now();
    let mut tx = limiter.0.store.begin().await?;
    let counts = tx.count(limits, now).await?;
    let remembered = limiter.remembered();
    if let Some(over) = used_up(limits, &counts) {
        tx.roll_back().await?;
        remembered.remember(&counts);
        return Err(refused(over, now));
    }
    tx.commit().await?;
    // A full limit refuses the next attempt.
    remembered.remember(&counts);
    Ok(Counted { counts, ..Counted::nothing(limiter) })
}

/// Refuses from memory an attempt under a limit that storage has refused a moment ago.
fn require_not_refused(limiter: &Limiter, limits: &[Limit]) -> Result<()> {
    let now = limiter.now();
    limiter.remembered().find(limits, now).map_or(Ok(()), |over| Err(refused(over, now)))
}

/// A limit that is used up, and the latest reset time of all used-up limits.
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

/// Returns the first limit that is used up; `None` when none is.
fn used_up<'a>(limits: &'a [Limit], counts: &[Count]) -> Option<Over<'a>> {
    let is_over = |(limit, count): &(&Limit, &Count)| limit.is_met && count.outcome == Counting::Full;
    let over = || limits.iter().zip(counts).filter(is_over);
    let (limit, _) = over().next()?;
    let retry_at = over().map(|(_, count)| count.resets_at).max()?;
    Some(Over { limit, retry_at })
}

/// Returns the key of a limit. It has a bounded length, and the table holds no address in clear.
fn key(limiter: &Limiter, kind: &str, about: &str) -> String {
    format!("{kind}:{}", limiter.0.key.sign(Purpose::LimitKey, format!("{kind}\0{about}").as_bytes()))
}
