//! Failed attempts to sign in, which become events.
//!
//! Of many attempts on one account, only the 1st, 2nd, 4th, 8th… in a window is reported, with the number so far. Attempts on
//! addresses without an account are reported together, by their network. A request does the same work for every address: it
//! counts in memory. The account of the address is looked up where the event is written. No request waits for that.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::email::Email;
use crate::model::event::{Actor, Event, EventType, Origin};
use crate::model::network::Network;
use crate::store::{Store, Tx};

/// The length of a window, as in the usual limits.
const WINDOW: Duration = Duration::from_mins(15);
/// The most windows that are remembered. A window that was evicted starts again at zero.
const MOST_WINDOWS: usize = 16 * 1024;
/// The most attempts that wait to be written. Further attempts are counted and not reported.
const MOST_WAITING: usize = 1024;
/// The most events in one transaction.
const BATCH: usize = 100;

/// An attempt that failed or was refused.
#[derive(Clone)]
pub(crate) struct Attempt<'a> {
    /// The type of the event that it becomes.
    pub(crate) kind: EventType,
    pub(crate) at: Timestamp,
    /// The address that was typed. It is written only if an account has it.
    pub(crate) email: &'a Email,
    /// The stable code of the refusal.
    pub(crate) reason: &'static str,
    pub(crate) actor: Actor,
    pub(crate) origin: Origin,
}

/// An attempt that is pending. It is written unless an event of its account, or of its network, was written since the last
/// power of two.
#[derive(Clone)]
struct Waiting {
    event: Event,
    email: Email,
    /// The number of attempts on this address so far in its window.
    count: i64,
    /// The number of these attempts that were not passed on before.
    weight: i64,
}

/// The attempts on one account or from one network.
#[derive(Clone, Copy)]
struct Window {
    count: i64,
    ends_at: Timestamp,
}

/// Counts attempts, and keeps those that are to be written. It is opened once and cloned cheaply.
#[derive(Clone)]
pub(crate) struct Attempts(Arc<Inner>);

struct Inner {
    hasher: RandomState,
    windows: quick_cache::sync::Cache<u64, Arc<Mutex<Window>>>,
    waiting: Mutex<VecDeque<Waiting>>,
    bell: Notify,
    /// A lock that the writer holds.
    writing: tokio::sync::Mutex<()>,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            hasher: RandomState::new(),
            windows: quick_cache::sync::Cache::new(MOST_WINDOWS),
            waiting: Mutex::default(),
            bell: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }))
    }

    /// Counts an attempt.
    pub(crate) fn note(&self, attempt: Attempt<'_>) {
        let Attempt { kind, at, email, reason, actor, origin } = attempt;
        let (before, count) = self.count((kind.name(), "address", email.canonical()), at, 1);
        if !is_told(before, count) {
            return;
        }
        // The attempts since the previous power of two.
        let weight = count - count / 2;
        let event = Event::new(kind, at).by(actor).from(origin).with("reason", reason);
        let mut waiting = self.waiting();
        if waiting.len() < MOST_WAITING {
            waiting.push_back(Waiting { event, email: email.clone(), count, weight });
            self.0.bell.notify_one();
        } else {
            metrics::counter!("cloakroom_events_lost_total").increment(1);
        }
    }

    /// Waits until there is something to write.
    pub(crate) async fn wait(&self) {
        self.0.bell.notified().await;
    }

    /// Writes the pending attempts. Those that cannot be written stay pending.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when storage does not answer.
    pub(crate) async fn write(&self, store: &Store) -> Result<()> {
        let _guard = self.0.writing.lock().await;
        loop {
            let batch: Vec<Waiting> = self.waiting().iter().take(BATCH).cloned().collect();
            if batch.is_empty() {
                return Ok(());
            }
            let length = batch.len();
            let mut tx = store.begin().await?;
            for waiting in batch {
                self.record(&mut tx, waiting).await?;
            }
            tx.commit().await?;
            self.waiting().drain(..length);
        }
    }

    async fn record(&self, tx: &mut Tx, waiting: Waiting) -> Result<()> {
        let Waiting { event, email, count, weight } = waiting;
        if let Some(account) = tx.account_by_email(&email).await? {
            tx.record(event.about(&account).counted(count)).await?;
            return Ok(());
        }
        let network = event.origin.network.unwrap_or(Network::Unknown).to_string();
        let (before, count) = self.count((event.kind.name(), "network", &network), event.at, weight);
        if is_told(before, count) {
            tx.record(event.counted(count)).await?;
        }
        Ok(())
    }

    /// Adds attempts to a window. Returns their number before and after.
    fn count(&self, about: (&str, &str, &str), at: Timestamp, tries: i64) -> (i64, i64) {
        let fresh = Window { count: 0, ends_at: at.plus(WINDOW) };
        let key = self.0.hasher.hash_one(about);
        let found = self
            .0
            .windows
            .get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(fresh))));
        let Ok(window) = found;
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if at >= window.ends_at {
            *window = fresh;
        }
        let before = window.count;
        window.count += tries;
        (before, window.count)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether a power of two lies between the previous count and the present one.
fn is_told(before: i64, count: i64) -> bool {
    before == 0 || before.ilog2() < count.ilog2()
}
