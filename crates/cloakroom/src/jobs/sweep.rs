//! Removes expired rows, in batches small enough that no request waits for them.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Result;
use crate::flow::admin::events::{self, HOOK_LIFE};

/// The time between two sweeps.
const PERIOD: Duration = Duration::from_mins(1);
/// The rows removed in one transaction.
const BATCH: i64 = 500;
/// The pause between two batches, in which requests can write.
const PAUSE: Duration = Duration::from_millis(50);
/// The time without a sign-in after which a browser is forgotten: its cookie has ended as well.
const BROWSER_LIFE: Duration = Duration::from_hours(400 * 24);
/// The time that an abandoned mail is kept, for the operators of the server.
const ABANDONED_LIFE: Duration = Duration::from_hours(30 * 24);

/// The number of sessions that any round may remove. A round that finds more, and more than any round before, leaves them to
/// the next.
const USUAL: u64 = 1000;
/// The difference between a node's clock and the database's above which a warning is logged.
const SKEW: Duration = Duration::from_mins(1);

/// Sweeps periodically, until the cloakroom is gone.
pub(crate) async fn run(upgrade: impl Fn() -> Option<Context>) {
    let mut sweeper = Sweeper::default();
    loop {
        tokio::time::sleep(PERIOD).await;
        let Some(context) = upgrade() else { return };
        if let Err(error) = sweeper.sweep(&context).await {
            tracing::warn!(error = error.with_causes(), "nothing could be swept");
        }
    }
}

/// The sweeper. It remembers how many expired sessions are usual.
#[derive(Default)]
pub(crate) struct Sweeper {
    /// The most sessions that one round has removed.
    most: u64,
    /// Set when the last round found more than that.
    is_announced: bool,
}

impl Sweeper {
    /// Removes everything that has expired by the database's clock. Returns the number of rows removed. It never waits for a
    /// lock: a row that a request is writing is left for the next round.
    ///
    /// A wrong clock or configuration would end every session. So a round that finds more expired sessions than any before
    /// leaves them for the next round, and logs that.
    pub(crate) async fn sweep(&mut self, context: &Context) -> Result<u64> {
        let now = database_time(context).await?;
        let idle_since = now.minus(context.config().session.idle.duration());
        let usual = self.most.max(USUAL);
        let ended = context.store().ended_sessions(now, idle_since, usual + 1).await?;
        let is_deferred = ended > usual && !std::mem::replace(&mut self.is_announced, true);
        if is_deferred {
            metrics::counter!("cloakroom_sweeps_deferred_total").increment(1);
            tracing::warn!(
                usual,
                "more sessions have ended than any sweep has removed: they are left for the next round"
            );
        } else {
            self.is_announced = false;
        }
        // Only events with a position are removed, so that a reader can tell that it has missed some.
        events::place(context.store()).await?;
        let (mut total, mut sessions) = (0, 0);
        loop {
            let (of_sessions, swept) = batch(context, now, !is_deferred).await?;
            total += swept;
            sessions += of_sessions;
            self.most = self.most.max(sessions);
            if swept == 0 {
                return Ok(total);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Returns the time by the clock that all nodes share. Logs a warning when this node's clock is far from it.
async fn database_time(context: &Context) -> Result<Timestamp> {
    let database = context.clock().turned(context.store().now().await?);
    let own = context.now();
    let (ahead, behind) = (own.since(database), database.since(own));
    metrics::gauge!("cloakroom_clock_skew_seconds").set(ahead.as_secs_f64() - behind.as_secs_f64());
    if ahead.max(behind) > SKEW {
        let direction = if ahead > behind { "ahead of" } else { "behind" };
        tracing::warn!(
            seconds = ahead.max(behind).as_secs(),
            "this machine's clock is {direction} the database's: sessions and limits end at the wrong time here"
        );
    }
    Ok(database)
}

/// Removes one batch of everything that has expired. Returns how many sessions were removed, and how many rows in all.
async fn batch(context: &Context, now: Timestamp, with_sessions: bool) -> Result<(u64, u64)> {
    let idle_since = now.minus(context.config().session.idle.duration());
    let read = context.store().read_by_all_hooks(now.minus(HOOK_LIFE)).await?;
    let mut tx = context.store().begin().await?;
    let sessions = if with_sessions { tx.sweep_sessions(now, idle_since, BATCH).await? } else { 0 };
    let mut swept = sessions;
    swept += tx.sweep_limits(now, BATCH).await?;
    swept += tx.sweep_browsers(now.minus(BROWSER_LIFE), BATCH).await?;
    swept += tx.sweep_challenges(now, BATCH).await?;
    swept += tx.sweep_mails(now.minus(ABANDONED_LIFE), BATCH).await?;
    if let Some(keep) = context.config().audit.keep.duration() {
        swept += events::sweep(&mut tx, now.minus(keep), read, BATCH).await?;
    }
    tx.commit().await?;
    Ok((sessions, swept))
}
