//! The table `readiness`, which shows whether storage takes writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::error::Result;
use crate::secret;
use crate::store::Store;
use crate::store::db::query;

/// The time during which an answer is reused. Requests for readiness cannot cause more writes than this.
const FRESH: Duration = Duration::from_secs(1);

/// Answers whether storage takes writes, with one probe at a time.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<Mutex<Option<(Instant, bool)>>>);

impl Readiness {
    /// Tells whether storage took a write within the last second, or takes one now.
    pub(crate) async fn ask(&self, store: &Store) -> bool {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some((at, is_ready)) = *last
            && at.elapsed() < FRESH
        {
            return is_ready;
        }
        let store = store.clone();
        // A task of its own: the caller may give up, and a write in progress is neither cut off nor repeated.
        let asked = tokio::spawn(async move {
            let written = store.write_probe().await;
            if let Err(error) = &written {
                tracing::warn!(error = error.with_causes(), "not ready: storage takes no writes");
            }
            *last = Some((Instant::now(), written.is_ok()));
            written.is_ok()
        });
        asked.await.unwrap_or(false)
    }
}

impl Store {
    /// Writes a row and removes it, as a sign-in writes. A full disk, a lock and a read-only server refuse both.
    async fn write_probe(&self) -> Result<()> {
        let id = secret::nonce();
        let mut tx = self.begin().await?;
        query("INSERT INTO cloakroom_readiness (id) VALUES ($1)").bind(&*id).execute(&mut tx).await?;
        query("DELETE FROM cloakroom_readiness WHERE id = $1").bind(&*id).execute(&mut tx).await?;
        tx.commit().await
    }
}
