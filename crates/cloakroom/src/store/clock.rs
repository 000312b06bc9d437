//! The time of the database, which all nodes share.

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::db::{Db, query};

impl Store {
    /// Returns the present instant, by the clock of the database.
    pub(crate) async fn now(&self) -> Result<Timestamp> {
        let sql = match &self.db {
            #[cfg(feature = "sqlite")]
            Db::Sqlite { .. } => "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
            #[cfg(feature = "postgres")]
            Db::Postgres { .. } => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        };
        let (millis,): (i64,) = query(sql)
            .optional(&self.db)
            .await?
            .ok_or_else(|| Error::internal("the database tells no time"))?;
        Ok(Timestamp::from_millis(millis))
    }
}
