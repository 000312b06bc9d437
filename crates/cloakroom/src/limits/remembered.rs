//! Recent refusals of storage, kept in memory: a flood of refused attempts costs storage next to nothing.

use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use super::Over;
use crate::clock::Timestamp;
use crate::model::limit::{Count, Limit};

/// The greatest number of keys in memory. They are HMACs, as in storage.
const MOST: usize = 16_384;
/// The interval at which one attempt of each key is checked in storage: another node may have given an attempt back.
const RECHECK: Duration = Duration::from_secs(1);

/// Keys that are used up.
pub(crate) struct Remembered {
    used_up: Cache<String, Refusal>,
}

#[derive(Clone, Copy)]
struct Refusal {
    retry_at: Timestamp,
    /// The time at which storage refused.
    seen: Instant,
}

impl Remembered {
    pub(crate) fn new() -> Self {
        Self { used_up: Cache::new(MOST) }
    }

    /// Remembers each key whose window is full until the window ends.
    pub(super) fn remember(&self, counts: &[Count]) {
        for count in counts.iter().filter(|count| count.outcome.is_full()) {
            let refusal = Refusal { retry_at: count.resets_at, seen: Instant::now() };
            self.used_up.insert(count.key.clone(), refusal);
        }
    }

    /// Forgets a key, because an attempt was given back or its count was reset.
    pub(super) fn forget(&self, key: &str) {
        self.used_up.remove(key);
    }

    /// Returns the first of `limits` that is known to be used up. Once a second it returns none, so that the caller checks
    /// storage.
    pub(super) fn find<'a>(&self, limits: &'a [Limit], now: Timestamp) -> Option<Over<'a>> {
        let known = |limit: &'a Limit| {
            let refusal = self.used_up.get(&*limit.key)?;
            (refusal.retry_at > now).then_some((limit, refusal))
        };
        let known: Vec<_> = limits.iter().filter(|limit| limit.is_met).filter_map(known).collect();
        let fresh = || known.iter().filter(|(_, refusal)| refusal.seen.elapsed() < RECHECK);
        if let Some((limit, _)) = fresh().next() {
            let retry_at = fresh().map(|(_, refusal)| refusal.retry_at).max()?;
            return Some(Over { limit, retry_at });
        }
        for (limit, refusal) in known {
            // Concurrent attempts are refused meanwhile, as before.
            self.used_up.insert(limit.key.clone(), Refusal { seen: Instant::now(), ..refusal });
        }
        None
    }
}
