//! Sweeping out what has expired, in batches small enough that nobody waits for them.

use std::time::Duration;

use crate::cloakroom::Cloakroom;
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

/// Sweeps now and then, until the cloakroom is gone.
pub(crate) async fn run(upgrade: impl Fn() -> Option<Cloakroom>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        let Some(cloakroom) = upgrade() else { return };
        if let Err(error) = sweep(&cloakroom).await {
            tracing::warn!(error = error.with_causes(), "nothing could be swept");
        }
    }
}

/// Removes everything that has expired; says how many rows went. It waits for nobody: what a request is writing just now is
/// left for the next time.
pub(crate) async fn sweep(cloakroom: &Cloakroom) -> Result<u64> {
    let mut total = 0;
    loop {
        let swept = batch(cloakroom).await?;
        total += swept;
        if swept == 0 {
            return Ok(total);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn batch(cloakroom: &Cloakroom) -> Result<u64> {
    let now = cloakroom.now();
    let idle_since = now.minus(cloakroom.config().session.idle.duration());
    let mut tx = cloakroom.store().begin().await?;
    let mut swept = tx.sweep_sessions(now, idle_since, BATCH).await?;
    swept += tx.sweep_limits(now, BATCH).await?;
    swept += tx.sweep_browsers(now.minus(BROWSER_LIFE), BATCH).await?;
    swept += tx.sweep_challenges(now, BATCH).await?;
    swept += tx.sweep_mails(now.minus(ABANDONED_LIFE), BATCH).await?;
    tx.commit().await?;
    Ok(swept)
}
