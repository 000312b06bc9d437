//! Each test has a database of its own: a SQLite file, or with `CLOAKROOM_TEST_POSTGRES=postgres://…` a fresh database
//! on that server.

use axum::Router;
use cloakroom::Config;
use cloakroom::testing::TestApp;
use sqlx::{Connection as _, Executor as _};

/// A database that goes with its test.
pub struct Database {
    pub url: String,
    directory: Option<tempfile::TempDir>,
}

impl Database {
    pub async fn new() -> Self {
        let Ok(server) = std::env::var("CLOAKROOM_TEST_POSTGRES") else {
            let directory = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", directory.path().join("test.db").display());
            return Self { url, directory: Some(directory) };
        };
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{base}/{name}"), directory: None }
    }

    pub fn is_sqlite(&self) -> bool {
        self.directory.is_some()
    }
}

/// An app, and the database that it must not outlive.
pub struct App {
    pub app: TestApp,
    pub database: Database,
}

impl std::ops::Deref for App {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

/// An app with the defaults.
pub async fn app() -> App {
    app_with(|_| {}).await
}

/// An app with a changed configuration.
pub async fn app_with(change: impl FnOnce(&mut Config)) -> App {
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    change(&mut config);
    App { app: TestApp::with(config, Router::new()).await, database }
}
