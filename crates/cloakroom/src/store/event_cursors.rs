//! The table `cloakroom_event_cursors`: the hooks of embedding apps, and how far each of them has come.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::store::db::query;
use crate::store::{Store, Tx};

/// The right of one process to run a hook. It ends by itself unless it is renewed.
pub(crate) struct Lease<'a> {
    /// The name of the hook.
    pub(crate) name: &'a str,
    /// A nonce of the process.
    pub(crate) holder: &'a str,
}

/// The state of a hook of which this process has just got the lease.
#[derive(sqlx::FromRow)]
pub(crate) struct LeasedCursor {
    /// The position of the last event that was handled.
    pub(crate) position: i64,
    /// The number of times that the next event has failed.
    pub(crate) attempts: i64,
}

impl Store {
    /// Returns the time from which a process may run this hook, if there is an event that it has not handled.
    pub(crate) async fn hook_due(&self, name: &str) -> Result<Option<Timestamp>> {
        let due = query(
            "SELECT due_at FROM cloakroom_event_cursors AS cursors WHERE name = $1
             AND EXISTS (SELECT 1 FROM cloakroom_events AS events WHERE events.position > cursors.position)",
        );
        let due: Option<(i64,)> = due.bind(name).optional(&self.db).await?;
        Ok(due.map(|(due_at,)| Timestamp::from_millis(due_at)))
    }

    /// Returns the lowest position of the hooks that some process has run since `since`.
    pub(crate) async fn read_by_all_hooks(&self, since: Timestamp) -> Result<Option<i64>> {
        let least = query("SELECT MIN(position) FROM cloakroom_event_cursors WHERE seen_at >= $1");
        let least: Option<(Option<i64>,)> = least.bind(since).optional(&self.db).await?;
        Ok(least.and_then(|(position,)| position))
    }
}

impl Tx {
    /// Adds a hook that has handled everything up to this position. A hook that is there keeps its own.
    pub(crate) async fn add_hook(&mut self, name: &str, position: i64, now: Timestamp) -> Result<()> {
        query(
            "INSERT INTO cloakroom_event_cursors (name, position, due_at, seen_at) VALUES ($1, $2, $3, $3)
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(position)
        .bind(now)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Takes the lease of a hook, unless another process has it or the wait after a failure is not over.
    pub(crate) async fn lease_hook(
        &mut self,
        lease: &Lease<'_>,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Option<LeasedCursor>> {
        query(
            "UPDATE cloakroom_event_cursors SET holder = $2, due_at = $4, seen_at = $3
             WHERE name = $1 AND due_at <= $3 RETURNING position, attempts",
        )
        .bind(lease.name)
        .bind(lease.holder)
        .bind(now)
        .bind(now.plus(duration))
        .optional(self)
        .await
    }

    /// Extends a lease. Tells whether this process still held it.
    pub(crate) async fn hold_hook(
        &mut self,
        lease: &Lease<'_>,
        now: Timestamp,
        duration: Duration,
    ) -> Result<bool> {
        let held = query(
            "UPDATE cloakroom_event_cursors SET due_at = $4, seen_at = $3 WHERE name = $1 AND holder = $2",
        )
        .bind(lease.name)
        .bind(lease.holder)
        .bind(now)
        .bind(now.plus(duration))
        .execute(self)
        .await?;
        Ok(held.0 == 1)
    }

    /// Records that the event at this position was handled. Tells whether this process still held the lease.
    pub(crate) async fn advance_hook(&mut self, lease: &Lease<'_>, position: i64) -> Result<bool> {
        let advanced = query(
            "UPDATE cloakroom_event_cursors SET position = $3, attempts = 0 WHERE name = $1 AND holder = $2",
        )
        .bind(lease.name)
        .bind(lease.holder)
        .bind(position)
        .execute(self)
        .await?;
        Ok(advanced.0 == 1)
    }

    /// Ends a lease. From `due_at`, any process may go on; `attempts` of the next event have failed by now.
    pub(crate) async fn release_hook(
        &mut self,
        lease: &Lease<'_>,
        attempts: i64,
        due_at: Timestamp,
    ) -> Result<()> {
        query(
            "UPDATE cloakroom_event_cursors SET holder = '', attempts = $3, due_at = $4
             WHERE name = $1 AND holder = $2",
        )
        .bind(lease.name)
        .bind(lease.holder)
        .bind(attempts)
        .bind(due_at)
        .execute(self)
        .await?;
        Ok(())
    }
}
