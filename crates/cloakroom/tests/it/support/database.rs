//! A database for each test: a SQLite file, or a fresh database on the server that
//! `CLOAKROOM_TEST_POSTGRES=postgres://…` names. Tests use SQL to read what the API does not show and to
//! insert what it does not make.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

/// Counts the databases of this run, to give each a name of its own.
static NUMBER: AtomicU32 = AtomicU32::new(0);

const TABLES: [&str; 10] = [
    "users",
    "sessions",
    "browsers",
    "limits",
    "development",
    "challenges",
    "outbox",
    "identities",
    "events",
    "event_cursors",
];

/// A database that is deleted with its test.
pub(crate) struct Database {
    pub(crate) url: String,
    directory: Option<tempfile::TempDir>,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let Ok(server) = std::env::var("CLOAKROOM_TEST_POSTGRES") else {
            let directory = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", directory.path().join("test.db").display());
            return Self { url, directory: Some(directory) };
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        connection.execute(AssertSqlSafe(create)).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{base}/{name}"), directory: None }
    }

    /// Returns whether the engine has one writer at a time.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.directory.is_some()
    }

    /// Runs a statement behind the app's back, and returns the number of affected rows.
    pub(crate) async fn change(&self, sql: &str) -> u64 {
        Self::change_at(&self.url, sql).await
    }

    /// Runs a statement on the database at `url`, and returns the number of affected rows.
    pub(crate) async fn change_at(url: &str, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            connection.execute(sql).await.unwrap().rows_affected()
        } else {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(sql).await.unwrap().rows_affected()
        }
    }

    /// Returns the first column of a query as text, one string per row.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.directory.is_some() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        }
    }

    /// Counts the rows of one of our tables, named without its prefix.
    pub(crate) async fn rows(&self, table: &str) -> usize {
        self.texts(&format!("SELECT CAST(1 AS TEXT) FROM cloakroom_{table}")).await.len()
    }

    /// Returns everything that a thief of the database gets: the files with the write-ahead log, or every row
    /// of every table.
    pub(crate) async fn stolen(&self) -> String {
        let mut loot = Vec::new();
        if let Some(directory) = &self.directory {
            for file in std::fs::read_dir(directory.path()).unwrap() {
                loot.extend(std::fs::read(file.unwrap().path()).unwrap());
            }
        } else {
            for table in TABLES {
                for row in self.texts(&format!("SELECT CAST(t AS TEXT) FROM cloakroom_{table} t")).await {
                    loot.extend(row.into_bytes());
                }
            }
        }
        String::from_utf8_lossy(&loot).into_owned()
    }
}
