//! An app may keep its own tables in our database. A database from before our tables had a prefix is
//! migrated.

use axum::Router;
use cloakroom::Cloakroom;
use cloakroom::administration::Rank;
use cloakroom::testing::TestApp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::support::app::app;
use crate::support::conformance;
use crate::support::database::Database;

const ADA: &str = "ada@example.test";

/// The migrations of the last version without a prefix.
static BEFORE_PREFIX: Migrator = sqlx::migrate!("tests/it/house/shared_database/before_prefix");
/// The migrations of an app.
static OF_APP: Migrator = sqlx::migrate!("tests/it/house/shared_database/app");

/// Runs `migrations` up to a number, or all of them, with sqlx's default table.
async fn migrate(
    database: &Database,
    migrations: &Migrator,
    target: Option<i64>,
) -> Result<(), MigrateError> {
    let target = target.unwrap_or(i64::MAX);
    if database.is_sqlite() {
        let url = format!("{}?mode=rwc", database.url);
        migrations.run_to(target, &mut SqliteConnection::connect(&url).await.unwrap()).await
    } else {
        migrations.run_to(target, &mut PgConnection::connect(&database.url).await.unwrap()).await
    }
}

async fn open(database: &Database) -> TestApp {
    TestApp::with(TestApp::config(&database.url), Router::new()).await.watched(conformance::check)
}

async fn assert_app_has_its_tables(database: &Database) {
    database.change("INSERT INTO users (id, nickname) VALUES (1, 'ada')").await;
    database.change("INSERT INTO sessions (id, user_id) VALUES (1, 1)").await;
    assert_eq!(database.texts("SELECT nickname FROM users").await, ["ada"]);
}

/// Makes a database from before the prefix, migrated up to `target`, with an account and everything that can
/// belong to it.
async fn before_prefix(target: i64) -> Database {
    let database = Database::new().await;
    migrate(&database, &BEFORE_PREFIX, Some(target)).await.unwrap();
    let other = app().await;
    other.add(ADA, Rank::Plain).await;
    let hash = other.database.texts("SELECT password_hash FROM cloakroom_users").await.remove(0);
    database
        .change(&format!(
            "INSERT INTO users (id, email, email_canonical, password_hash, date_joined)
             VALUES ('0190a', '{ADA}', '{ADA}', '{hash}', 1700000000000)"
        ))
        .await;
    database
        .change("INSERT INTO browsers (user_id, browser_hash, last_seen_at) VALUES ('0190a', 'b', 1)")
        .await;
    database.change("INSERT INTO limits (key, count, resets_at) VALUES ('k', 1, 9999999999999)").await;
    database
}

#[tokio::test]
async fn finding_v1_an_app_migrates_before_us_and_again_after() {
    let database = Database::new().await;
    migrate(&database, &OF_APP, Some(1)).await.unwrap();
    let app = open(&database).await;
    app.add(ADA, Rank::Plain).await;
    migrate(&database, &OF_APP, None).await.unwrap();
    assert_app_has_its_tables(&database).await;
    app.signed_in(ADA).await;
}

#[tokio::test]
async fn finding_v1_an_app_migrates_after_us() {
    let database = Database::new().await;
    let app = open(&database).await;
    migrate(&database, &OF_APP, None).await.unwrap();
    app.add(ADA, Rank::Plain).await;
    app.signed_in(ADA).await;
    assert_app_has_its_tables(&database).await;
    open(&database).await.signed_in(ADA).await;
}

#[tokio::test]
async fn finding_v1_an_app_migrates_while_we_do() {
    let database = Database::new().await;
    // The database file is created before either of them migrates.
    migrate(&database, &OF_APP, Some(0)).await.unwrap();
    let (app, migrated) = tokio::join!(open(&database), migrate(&database, &OF_APP, None));
    migrated.unwrap();
    app.add(ADA, Rank::Plain).await;
    app.signed_in(ADA).await;
    assert_app_has_its_tables(&database).await;
}

#[tokio::test]
async fn finding_v1_a_database_without_prefixes_is_moved_and_can_be_shared() {
    for target in [1, 4, 11] {
        let database = before_prefix(target).await;
        let app = open(&database).await;
        app.signed_in(ADA).await;
        assert_eq!(database.rows("browsers").await, 2, "that of before, and that of this sign-in");
        assert_eq!(database.texts("SELECT key FROM cloakroom_limits WHERE key = 'k'").await, ["k"]);
        migrate(&database, &OF_APP, None).await.unwrap();
        assert_app_has_its_tables(&database).await;
        open(&database).await.signed_in(ADA).await;
    }
}

#[tokio::test]
async fn a_moved_database_has_the_indexes_of_a_new_one() {
    let moved = before_prefix(11).await;
    open(&moved).await;
    let new = app().await;
    let names = if moved.is_sqlite() {
        "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'cloakroom%' ORDER BY 1"
    } else {
        "SELECT CAST(indexname AS TEXT) FROM pg_indexes WHERE indexname LIKE 'cloakroom%' ORDER BY 1"
    };
    assert_eq!(moved.texts(names).await, new.database.texts(names).await);
    assert!(moved.texts(names).await.len() > 10);
}

#[tokio::test]
async fn two_processes_that_start_at_once_move_a_database_once() {
    let database = before_prefix(11).await;
    let config = TestApp::config(&database.url);
    let (one, two) = tokio::join!(Cloakroom::new(config.clone()), Cloakroom::new(config));
    one.unwrap().close().await;
    two.unwrap().close().await;
    open(&database).await.signed_in(ADA).await;
}

/// On Postgres, `options` in the URL puts our tables into a schema of their own.
#[tokio::test]
async fn finding_v1_our_tables_may_have_a_schema_of_their_own() {
    let mut database = Database::new().await;
    if database.is_sqlite() {
        return;
    }
    database.change("CREATE SCHEMA auth").await;
    let url = database.url.clone();
    database.url = format!("{url}?options=-csearch_path%3Dauth");
    let app = open(&database).await;
    app.add(ADA, Rank::Plain).await;
    app.signed_in(ADA).await;
    database.url = url;
    assert_eq!(database.texts("SELECT email FROM auth.cloakroom_users").await, [ADA]);
}

/// The old version would not find its accounts and would start with none.
#[tokio::test]
async fn a_version_without_prefixes_does_not_start_on_a_moved_database() {
    let database = before_prefix(11).await;
    open(&database).await;
    migrate(&database, &BEFORE_PREFIX, None).await.unwrap_err();
    open(&database).await.signed_in(ADA).await;
}
