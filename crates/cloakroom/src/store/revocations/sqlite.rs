//! Revocations on SQLite: its `data_version` changes on a connection when *another* one commits. It is read on the one
//! connection through which this process writes. So it changes only when another process has written.

use std::time::Duration;

use sqlx::sqlite::SqlitePool;

use super::{Heard, Revocation, away};
use crate::error::Result;

/// The time between two polls; a revocation must be honoured within a second.
const PERIOD: Duration = Duration::from_millis(250);

/// A poll that tells whether another process has written.
pub(super) struct DataVersion {
    write: SqlitePool,
    seen: i64,
}

impl DataVersion {
    pub(super) async fn open(write: &SqlitePool) -> Result<Self> {
        Ok(Self { write: write.clone(), seen: data_version(write).await? })
    }

    pub(super) async fn next(&mut self) -> Result<Heard> {
        tokio::time::sleep(PERIOD).await;
        let version = data_version(&self.write).await?;
        let is_new = std::mem::replace(&mut self.seen, version) != version;
        Ok(if is_new { Heard::Ended(Revocation::Everything) } else { Heard::Heartbeat })
    }
}

async fn data_version(write: &SqlitePool) -> Result<i64> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA data_version").fetch_one(write).await.map_err(away)?;
    Ok(version)
}
