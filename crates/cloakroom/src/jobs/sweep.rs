//! Sweeping out what has expired, in batches small enough that nobody waits for them.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Result;

/// How often the broom comes.
const PERIOD: Duration = Duration::from_mins(1);
/// Rows in one transaction.
const BATCH: i64 = 500;
/// Between two batches, so that writers of requests come in between.
const PAUSE: Duration = Duration::from_millis(50);
/// A browser that no one has signed in from for so long is forgotten: its cookie has ended as well.
const BROWSER_LIFE: Duration = Duration::from_hours(400 * 24);
/// A mail that was given up is kept for so long, for those who look after the server.
const ABANDONED_LIFE: Duration = Duration::from_hours(30 * 24);

/// So many sessions are swept at any time; more than that, and more than ever before, only in the second round that finds them.
const USUAL: u64 = 1000;
/// The difference between a node's clock and the database's above which a warning is logged.
const SKEW: Duration = Duration::from_mins(1);

/// Sweeps now and then, until the cloakroom is gone.
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

/// Sweeps, and remembers how much is usual.
#[derive(Default)]
pub(crate) struct Sweeper {
    /// The most sessions that one round has removed.
    most: u64,
    /// Whether the last round found more than that.
    is_announced: bool,
}

impl Sweeper {
    /// Removes everything that has expired by the database's clock; says how many rows went. It waits for nobody: what a
    /// request is writing just now is left for the next time.
    ///
    /// A clock or a configuration that is wrong would end every session. So a round that finds more of them than any before
    /// leaves them for the next one, and says so.
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

/// The time by the clock that all nodes share. A node whose own is far from it is told.
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

/// Removes some of everything that has expired; returns how many sessions went, and how many rows in all.
async fn batch(context: &Context, now: Timestamp, with_sessions: bool) -> Result<(u64, u64)> {
    let idle_since = now.minus(context.config().session.idle.duration());
    let mut tx = context.store().begin().await?;
    let sessions = if with_sessions { tx.sweep_sessions(now, idle_since, BATCH).await? } else { 0 };
    let mut swept = sessions;
    swept += tx.sweep_limits(now, BATCH).await?;
    swept += tx.sweep_browsers(now.minus(BROWSER_LIFE), BATCH).await?;
    swept += tx.sweep_challenges(now, BATCH).await?;
    swept += tx.sweep_mails(now.minus(ABANDONED_LIFE), BATCH).await?;
    if let Some(keep) = context.config().audit.keep.duration() {
        swept += tx.sweep_events(now.minus(keep), BATCH).await?;
    }
    tx.commit().await?;
    Ok((sessions, swept))
}
