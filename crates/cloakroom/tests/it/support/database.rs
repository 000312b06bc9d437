//! Each test has a database of its own: a SQLite file, or with `CLOAKROOM_TEST_POSTGRES=postgres://…` a fresh database
//! on that server. What the public surface does not show is read, and what it does not make is planted, in SQL.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use cloakroom::Config;
use cloakroom::testing::TestApp;

use crate::support::conformance;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

/// Tells the databases of one run apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

const TABLES: [&str; 8] =
    ["users", "sessions", "browsers", "limits", "development", "challenges", "outbox", "identities"];

/// A database that goes with its test.
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

    /// Whether writers come one after the other.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.directory.is_some()
    }

    /// Runs a statement behind the back of the app; says how many rows it touched.
    pub(crate) async fn change(&self, sql: &str) -> u64 {
        Self::change_at(&self.url, sql).await
    }

    /// The same where only the URL is known.
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

    /// The first column of a query: one text for each row.
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

    /// How many rows a table has.
    pub(crate) async fn rows(&self, table: &str) -> usize {
        self.texts(&format!("SELECT CAST(1 AS TEXT) FROM {table}")).await.len()
    }

    /// All that a thief of the database gets: its files, write-ahead log included, or every row of every table.
    pub(crate) async fn stolen(&self) -> String {
        let mut loot = Vec::new();
        if let Some(directory) = &self.directory {
            for file in std::fs::read_dir(directory.path()).unwrap() {
                loot.extend(std::fs::read(file.unwrap().path()).unwrap());
            }
        } else {
            for table in TABLES {
                for row in self.texts(&format!("SELECT CAST(t AS TEXT) FROM {table} t")).await {
                    loot.extend(row.into_bytes());
                }
            }
        }
        String::from_utf8_lossy(&loot).into_owned()
    }
}

/// An app, and the database that it must not outlive.
pub(crate) struct App {
    pub(crate) app: TestApp,
    pub(crate) database: Database,
}

impl std::ops::Deref for App {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl App {
    /// A second cloakroom on the same database, as another process would be.
    pub(crate) async fn another_node(&self) -> TestApp {
        TestApp::with(self.app.cloakroom.config().clone(), Router::new()).await.watched(conformance::check)
    }
}

/// An app with the defaults.
pub(crate) async fn app() -> App {
    app_with(|_| {}).await
}

/// An app with a changed configuration.
pub(crate) async fn app_with(change: impl FnOnce(&mut Config)) -> App {
    embedded(change, Router::new()).await
}

/// An app reached under `https://auth.test`.
pub(crate) async fn https_app() -> App {
    app_with(|config| config.public_url = "https://auth.test".to_owned().try_into().unwrap()).await
}

/// An app in which no limit stands in the way of what is tested.
pub(crate) async fn app_without_limits() -> App {
    app_with(switch_limits_off).await
}

pub(crate) fn switch_limits_off(config: &mut Config) {
    let limits = &mut config.limits;
    for limit in [
        &mut limits.login_per_account,
        &mut limits.login_per_ip,
        &mut limits.mail_per_address,
        &mut limits.mail_per_ip,
    ] {
        limit.count = 0;
    }
}

/// An app with routes of its embedder.
pub(crate) async fn embedded(change: impl FnOnce(&mut Config), routes: Router) -> App {
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    change(&mut config);
    App { app: TestApp::with(config, routes).await.watched(conformance::check), database }
}
