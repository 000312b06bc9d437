//! How often something may be tried, counted in storage so that all nodes share one count.
//!
//! Counting is one atomic statement and comes before any hash: sixty tries at once are sixty counted tries. A
//! success gives its own count back and nothing more, so that an attacker's own sign-in never clears what their
//! guessing has used up.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloakroom::Cloakroom;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::network::Network;
use crate::model::visitor::Visitor;
use crate::secret::Purpose;
use crate::store::Tx;

/// An account may be tried this many times as often over all networks as from one.
const CEILING: u32 = 10;
/// How many sign-ins one network may begin at providers; people of one company begin a few.
const ATTEMPTS: Rate = Rate::per_minutes(1000, 10);

/// So many tries in so long a window, written `10/15m`; a count of 0 switches the limit off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Rate {
    /// How many tries.
    pub count: u32,
    /// In how long.
    pub window: Duration,
}

impl Rate {
    /// `count` tries in `minutes` minutes.
    pub(crate) const fn per_minutes(count: u32, minutes: u64) -> Self {
        Self { count, window: Duration::from_mins(minutes) }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let expected = || format!("`{text}` is not a rate: write a count and a window, as in `10/15m`");
        let (count, window) = text.split_once('/').ok_or_else(expected)?;
        let count = count.trim().parse().map_err(|_| expected())?;
        let window = humantime::parse_duration(window.trim()).map_err(|_| expected())?;
        if window < Duration::from_secs(1) {
            return Err(expected());
        }
        Ok(Self { count, window })
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = humantime::format_duration(self.window).to_string().replace(' ', "");
        write!(formatter, "{}/{window}", self.count)
    }
}

/// A key in the table of limits and how often it may be counted.
pub(crate) struct Limit {
    pub(crate) key: String,
    pub(crate) rate: Rate,
}

impl Limit {
    fn is_on(&self) -> bool {
        self.rate.count > 0
    }
}

/// A key's count after this try, and when its window ends.
pub(crate) struct Count {
    pub(crate) key: String,
    pub(crate) tries: i64,
    pub(crate) resets_at: Timestamp,
}

/// A try that was counted and not refused.
pub(crate) struct Counted(Vec<Count>);

/// Counts a try of `visitor` to prove that they own the account of `email`.
///
/// A browser that has signed in to that account before does not meet the ceiling over all networks, so that an attacker
/// with many addresses cannot lock the owner out. A session alone does not make a browser known: it may be a stolen one.
///
/// # Errors
/// [`Error::RateLimited`] when any of the limits is used up.
pub(crate) async fn count_proof(cloakroom: &Cloakroom, email: &Email, visitor: &Visitor) -> Result<Counted> {
    let network = visitor.network;
    let is_known = match &visitor.browser {
        Some(browser) => cloakroom.store().knows_browser(email, browser.hash()).await?,
        None => false,
    };
    let rates = &cloakroom.config().limits;
    let ceiling =
        Rate { count: rates.login_per_account.count.saturating_mul(CEILING), ..rates.login_per_account };
    // The address comes first: one that is used up leaves no row for each account that it tries.
    let here = [
        Limit { key: key(cloakroom, "address", &network.to_string()), rate: rates.login_per_ip },
        Limit {
            key: key(cloakroom, "account", &format!("{}\0{network}", email.canonical())),
            rate: rates.login_per_account,
        },
    ];
    let everywhere =
        (!is_known).then(|| Limit { key: key(cloakroom, "ceiling", email.canonical()), rate: ceiling });
    count(cloakroom, here, everywhere).await
}

/// Counts a mail that somebody at `network` asks us to send to `email`; says whether it may be sent.
///
/// A limit that is used up is not told: the answer is the same, and nothing is sent.
///
/// # Errors
/// [`Error::Unavailable`] when storage does not answer.
pub(crate) async fn count_mail(cloakroom: &Cloakroom, email: &Email, network: Network) -> Result<bool> {
    let rates = &cloakroom.config().limits;
    let here = [Limit { key: key(cloakroom, "mail-from", &network.to_string()), rate: rates.mail_per_ip }];
    let everywhere =
        Limit { key: key(cloakroom, "mail-to", email.canonical()), rate: rates.mail_per_address };
    match count(cloakroom, here, Some(everywhere)).await {
        Ok(_) => Ok(true),
        Err(Error::RateLimited { .. }) => Ok(false),
        Err(other) => Err(other),
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
    let limit = Limit { key: key(cloakroom, "attempts", &network.to_string()), rate: ATTEMPTS };
    let now = cloakroom.now();
    let counts = tx.count(std::slice::from_ref(&limit), now).await?;
    used_up(std::slice::from_ref(&limit), &counts).map_or(Ok(()), |retry_at| Err(refused(retry_at, now)))
}

/// Counts a try of a code that was mailed about `about`, within the transaction that looks at the code; `None` when no more
/// may be tried.
pub(crate) async fn count_code(
    cloakroom: &Cloakroom,
    tx: &mut Tx,
    about: &str,
    rate: Rate,
) -> Result<Option<Counted>> {
    let limit = Limit { key: key(cloakroom, "code", about), rate };
    let counts = tx.count(std::slice::from_ref(&limit), cloakroom.now()).await?;
    let is_over = used_up(std::slice::from_ref(&limit), &counts).is_some();
    Ok((!is_over).then_some(Counted(counts)))
}

impl Counted {
    /// Gives the try back, in the transaction of what it led to.
    pub(crate) async fn give_back(&self, tx: &mut Tx) -> Result<()> {
        for count in &self.0 {
            tx.uncount(count).await?;
        }
        Ok(())
    }
}

/// Counts under what is the sender's own, and only if that lets the try through under what all networks share: otherwise one
/// network's refused tries would lock out everybody else.
async fn count(
    cloakroom: &Cloakroom,
    own: impl IntoIterator<Item = Limit>,
    shared: Option<Limit>,
) -> Result<Counted> {
    // One order for everyone: two transactions that lock the same rows never wait for each other in a circle.
    let own: Vec<Limit> = own.into_iter().filter(Limit::is_on).collect();
    let shared = shared.filter(Limit::is_on);
    if own.is_empty() && shared.is_none() {
        return Ok(Counted(Vec::new()));
    }
    let now = cloakroom.now();
    let mut tx = cloakroom.store().begin().await?;
    let mut counts = tx.count(&own, now).await?;
    let mut over = used_up(&own, &counts);
    if over.is_none() {
        let of_shared = tx.count(shared.as_slice(), now).await?;
        over = used_up(shared.as_slice(), &of_shared);
        counts.extend(of_shared);
    }
    tx.commit().await?;
    over.map_or(Ok(Counted(counts)), |retry_at| Err(refused(retry_at, now)))
}

fn refused(retry_at: Timestamp, now: Timestamp) -> Error {
    metrics::counter!("cloakroom_rate_limited_total").increment(1);
    let retry_after = retry_at.since(now).as_millis().div_ceil(1000).max(1);
    Error::RateLimited { retry_at, retry_after: u64::try_from(retry_after).unwrap_or(u64::MAX) }
}

/// When the last of those that are used up begins anew; `None` when none is.
fn used_up(limits: &[Limit], counts: &[Count]) -> Option<Timestamp> {
    let is_over = |count: &&Count| {
        limits.iter().any(|limit| limit.key == count.key && count.tries > i64::from(limit.rate.count))
    };
    counts.iter().filter(is_over).map(|count| count.resets_at).max()
}

/// Addresses do not lie in the table in clear, and a key is never longer than this.
fn key(cloakroom: &Cloakroom, kind: &str, about: &str) -> String {
    format!("{kind}:{}", cloakroom.key().sign(Purpose::LimitKey, format!("{kind}\0{about}").as_bytes()))
}
