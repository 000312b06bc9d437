//! The feed: committed events in one order, for readers that keep a position.
//!
//! Ids do not serve such a reader. Of two overlapping transactions, the one with the lower id may commit later, when a reader has
//! passed that id already. So an event has no position until it is committed. Then [`Tx::place_events`] gives it one, in a
//! transaction that holds the lock of the single row of `cloakroom_event_feed` until its own commit. Two things follow:
//!
//! - Positions become visible in their order. A reader that sees one sees all lower ones.
//! - An event that becomes visible late gets a position above all that any reader has seen.
//!
//! No clock, no time limit and no transaction id is part of this argument, and it is the same for both engines.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::event::EventView;
use crate::secret;
use crate::store::db::{locking, query};
use crate::store::events::Row;
use crate::store::{Store, Tx};

/// The ends of the feed.
#[derive(sqlx::FromRow)]
pub(crate) struct Feed {
    /// The highest position that was given out.
    pub(crate) last: i64,
    /// The highest position that was removed.
    pub(crate) swept: i64,
}

/// The outcome of a sweep.
pub(crate) struct SweptEvents {
    /// The number of events that were removed.
    pub(crate) count: u64,
    /// The hooks that have just lost their first event by it, and the time at which a process last ran each.
    pub(crate) passed: BTreeMap<String, Timestamp>,
}

#[derive(sqlx::FromRow)]
struct PlacedRow {
    position: i64,
    #[sqlx(flatten)]
    event: Row,
}

impl Store {
    /// Tells whether a committed event has no position yet.
    pub(crate) async fn has_unplaced_events(&self) -> Result<bool> {
        let any = query("SELECT 1 FROM cloakroom_events WHERE position IS NULL LIMIT 1");
        Ok(any.optional::<(i32,)>(&self.db).await?.is_some())
    }

    /// Returns at most `limit` events after this position, oldest first, each with its own.
    pub(crate) async fn events_after(&self, position: i64, limit: i64) -> Result<Vec<(i64, EventView)>> {
        let rows = query(
            "SELECT position, id, at, type, outcome, actor_kind, actor_id, actor_label, as_id, as_label,
                 target_kind, target_id, target_label, network, device, session_id, request_id, count, data
             FROM cloakroom_events WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(position)
        .bind(limit)
        .all::<PlacedRow>(&self.db)
        .await?;
        Ok(rows.into_iter().map(|row| (row.position, row.event.into())).collect())
    }

    /// Returns the ends of the feed.
    pub(crate) async fn feed(&self) -> Result<Feed> {
        let row = query("SELECT last, swept FROM cloakroom_event_feed").optional(&self.db).await?;
        row.ok_or_else(no_feed)
    }
}

impl Tx {
    /// Gives the next positions to at most `most` committed events, in the order of their ids. Returns their number.
    ///
    /// It is the only statement of its transaction: it waits for other processes that do the same, and must hold nothing
    /// meanwhile. Events that are being written are left for the next time.
    pub(crate) async fn place_events(&mut self, most: i64) -> Result<u64> {
        let Feed { last, .. } = self.lock_feed().await?;
        let placed = query(locking!(
            self,
            "WITH chosen AS (SELECT id FROM cloakroom_events WHERE position IS NULL ORDER BY id LIMIT $2",
            "FOR UPDATE SKIP LOCKED",
            "), numbered AS (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS number FROM chosen)
             UPDATE cloakroom_events SET position = $1 + numbered.number FROM numbered
             WHERE numbered.id = cloakroom_events.id",
        ))
        .bind(last)
        .bind(most)
        .execute(&mut *self)
        .await?;
        query("UPDATE cloakroom_event_feed SET last = $1")
            .bind(last.saturating_add_unsigned(placed.0))
            .execute(self)
            .await?;
        Ok(placed.0)
    }

    /// Removes at most `most` events from before `before`, none of them above the position `read`. Events without a position are
    /// left.
    pub(crate) async fn sweep_events(
        &mut self,
        before: Timestamp,
        read: i64,
        most: i64,
    ) -> Result<SweptEvents> {
        let removed: Vec<(i64,)> = query(locking!(
            self,
            "WITH chosen AS (SELECT id FROM cloakroom_events WHERE id < $1 AND position <= $2 ORDER BY id LIMIT $3",
            "FOR UPDATE SKIP LOCKED",
            ") DELETE FROM cloakroom_events WHERE id IN (SELECT id FROM chosen) RETURNING position",
        ))
        .bind(secret::first_id_of(before))
        .bind(read)
        .bind(most)
        .all(&mut *self)
        .await?;
        let mut passed = BTreeMap::new();
        if let Some(highest) = removed.iter().map(|(position,)| *position).max() {
            let Feed { swept, .. } = self.lock_feed().await?;
            let names: Vec<(String, i64)> = query(
                "SELECT name, seen_at FROM cloakroom_event_cursors WHERE position >= $1 AND position < $2",
            )
            .bind(swept)
            .bind(highest)
            .all(&mut *self)
            .await?;
            passed.extend(names.into_iter().map(|(name, seen)| (name, Timestamp::from_millis(seen))));
            query("UPDATE cloakroom_event_feed SET swept = $1 WHERE swept < $1")
                .bind(highest)
                .execute(self)
                .await?;
        }
        Ok(SweptEvents { count: removed.len() as u64, passed })
    }

    async fn lock_feed(&mut self) -> Result<Feed> {
        let locked = query(locking!(self, "SELECT last, swept FROM cloakroom_event_feed", "FOR UPDATE", ""));
        locked.optional(self).await?.ok_or_else(no_feed)
    }
}

fn no_feed() -> Error {
    Error::internal("the row of cloakroom_event_feed is gone")
}
