//! Table locks that a test holds, so that one request stops inside its transaction while another one arrives.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::support::concurrency::within;
use crate::support::database::Database;

/// Longer than a request needs to reach the lock. A request that waits there is answered 503 after five
/// seconds, so the second one must have nothing left to hash.
const ARRIVAL: Duration = Duration::from_secs(20);

/// A lock held by the test. On Postgres, a transaction that reaches it waits there and keeps its own locks.
/// SQLite has one writer at a time, so every writer waits before its transaction begins.
pub(crate) enum TableLock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    /// Locks a table, named without its prefix, against writers.
    pub(crate) async fn lock_table(&self, table: &str) -> TableLock {
        self.lock(format!("LOCK TABLE cloakroom_{table} IN SHARE ROW EXCLUSIVE MODE")).await
    }

    /// Locks all present rows of a table, named without its prefix, against writers.
    pub(crate) async fn lock_rows_of(&self, table: &str) -> TableLock {
        self.lock(format!("SELECT 1 FROM cloakroom_{table} FOR UPDATE")).await
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

    /// Waits until `count` transactions wait for this lock or for one another.
    pub(crate) async fn until_waiting(&self, count: usize) {
        if self.is_sqlite() {
            // SQLite cannot tell who is waiting. A request that has not arrived by now runs later, alone,
            // which is fine.
            tokio::time::sleep(Duration::from_millis(30)).await;
            return;
        }
        let standing = "SELECT CAST(pid AS TEXT) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        within(ARRIVAL, async || self.texts(standing).await.len() >= count).await;
    }
}

impl TableLock {
    /// Releases the lock.
    pub(crate) async fn release(self) {
        match self {
            Self::Sqlite(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
            Self::Postgres(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
        }
    }
}
