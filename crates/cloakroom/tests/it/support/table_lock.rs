//! Requests that meet where a test wants them to: one is stopped in the middle of its transaction, another one comes, and
//! then both go on.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::support::concurrency::within;
use crate::support::database::Database;

/// Longer than it takes to come to a lock. Who stands there is told after five seconds that storage is away, so what comes
/// second has nothing left to hash.
const ARRIVAL: Duration = Duration::from_secs(20);

/// A lock that this test holds. On Postgres whoever comes to it stands there, with all that they hold already; on SQLite, which
/// has one writer at a time, every writer stands before its transaction.
pub(crate) enum TableLock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    /// Who writes to this table stands here.
    pub(crate) async fn lock_table(&self, table: &str) -> TableLock {
        self.lock(format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")).await
    }

    /// Who writes to a row of this table that is there now stands here.
    pub(crate) async fn lock_rows_of(&self, table: &str) -> TableLock {
        self.lock(format!("SELECT 1 FROM {table} FOR UPDATE")).await
    }

    async fn lock(&self, lock: String) -> TableLock {
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            TableLock::Sqlite(connection)
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            connection.execute("BEGIN").await.unwrap();
            connection.execute(AssertSqlSafe(lock)).await.unwrap();
            TableLock::Postgres(connection)
        }
    }

    /// Waits until `count` transactions stand, at a lock or behind one that does.
    pub(crate) async fn until_waiting(&self, count: usize) {
        if self.is_sqlite() {
            // Nobody can be asked there who waits. Whoever has come by now stands; whoever has not comes later, alone.
            tokio::time::sleep(Duration::from_millis(30)).await;
            return;
        }
        let standing = "SELECT CAST(pid AS TEXT) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        within(ARRIVAL, async || self.texts(standing).await.len() >= count).await;
    }
}

impl TableLock {
    /// Everybody goes on.
    pub(crate) async fn release(self) {
        match self {
            Self::Sqlite(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
            Self::Postgres(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
        }
    }
}
