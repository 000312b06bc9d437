//! Brings the schema up to date. Our tables and the table of our migrations carry the prefix `cloakroom_`, so that an app can
//! share its database with us.
//!
//! Versions before the prefix kept their tables under bare names (`users`, `sessions` …) and their migrations in sqlx's own
//! table. Such a database is moved first, in one transaction. The numbers and descriptions of migrations stay the same.

use std::sync::LazyLock;

#[cfg(feature = "sqlite")]
use sqlx::Row as _;
use sqlx::migrate::{MigrateError, Migrator};
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnection, PgPool};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Executor as _};

/// The table of our migrations. An app that uses sqlx has its own in `_sqlx_migrations`.
pub(super) const TABLE: &str = "cloakroom_migrations";

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!();
    migrations.dangerous_set_table_name(TABLE);
    migrations
});

/// The tables that older versions kept without a prefix.
const BARE_TABLES: [&str; 11] = [
    "users",
    "sessions",
    "browsers",
    "limits",
    "development",
    "challenges",
    "outbox",
    "mailbox",
    "identities",
    "provider_issuers",
    "readiness",
];

/// A statement that stops a version before the prefix. Such a version would not find its tables, and begin with empty ones.
/// This table makes its first migration fail.
const TOMBSTONE: &str = "CREATE TABLE development (moved_to_cloakroom_development INTEGER)";

/// The line of the log.
const MOVED: &str = "the tables have moved: their names begin with cloakroom_ now";

/// The number of an advisory lock that no other program uses. Two processes that start at once move the tables once.
#[cfg(feature = "postgres")]
const LOCK: &str = "SELECT pg_advisory_xact_lock(7103498220614)";

/// A statement that renames on Postgres: the tables, their indexes (and with them unique and primary keys), and their foreign
/// keys.
#[cfg(feature = "postgres")]
const RENAME: &str = "DO $$
DECLARE
    bare text; relation regclass; part record;
BEGIN
    FOREACH bare IN ARRAY string_to_array(current_setting('cloakroom.tables'), ',') LOOP
        relation := to_regclass(bare);
        CONTINUE WHEN relation IS NULL;
        FOR part IN SELECT indexrelid::regclass AS id, relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = relation LOOP
            EXECUTE format('ALTER INDEX %s RENAME TO %I', part.id, 'cloakroom_' || part.relname);
        END LOOP;
        FOR part IN SELECT conname FROM pg_constraint WHERE conrelid = relation AND contype IN ('f', 'c') LOOP
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', relation, part.conname, 'cloakroom_' || part.conname);
        END LOOP;
        EXECUTE format('ALTER TABLE %s RENAME TO %I', relation, 'cloakroom_' || bare);
    END LOOP;
END $$";

/// Runs the pending migrations, under the lock of the caller.
#[cfg(feature = "sqlite")]
pub(super) async fn run_on_sqlite(pool: &SqlitePool) -> Result<(), MigrateError> {
    let has_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    if sqlx::query(has_table).fetch_optional(pool).await?.is_some()
        && let Some(latest) = latest(&sqlx::query(APPLIED).fetch_all(pool).await?)
    {
        // This comes first: if the process stops in between, the next start moves the tables.
        MIGRATIONS.skip(pool, Some(latest)).await?;
        move_on_sqlite(pool, latest).await?;
    }
    MIGRATIONS.run(pool).await
}

#[cfg(feature = "sqlite")]
async fn move_on_sqlite(pool: &SqlitePool, latest: i64) -> Result<(), MigrateError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    for table in BARE_TABLES {
        let exists = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1");
        if exists.bind(table).fetch_optional(&mut *tx).await?.is_some() {
            let rename = format!("ALTER TABLE {table} RENAME TO cloakroom_{table}");
            tx.execute(AssertSqlSafe(rename)).await?;
        }
    }
    // SQLite cannot rename an index, so it is made again.
    let indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
                   AND tbl_name LIKE 'cloakroom\\_%' ESCAPE '\\' AND name NOT LIKE 'cloakroom\\_%' ESCAPE '\\'";
    for index in sqlx::query(indexes).fetch_all(&mut *tx).await? {
        let (name, sql): (String, String) = (index.try_get(0)?, index.try_get(1)?);
        tx.execute(AssertSqlSafe(format!("DROP INDEX {name}"))).await?;
        let renamed = sql.replacen(&format!("INDEX {name}"), &format!("INDEX cloakroom_{name}"), 1);
        tx.execute(AssertSqlSafe(renamed)).await?;
    }
    for statement in forget_old(latest) {
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    if sqlx::query(APPLIED).fetch_optional(&mut *tx).await?.is_none() {
        tx.execute("DROP TABLE _sqlx_migrations").await?;
    }
    tx.execute(TOMBSTONE).await?;
    tx.commit().await?;
    tracing::info!("{MOVED}");
    Ok(())
}

/// Runs the pending migrations. One of several processes runs them, and the others wait.
#[cfg(feature = "postgres")]
pub(super) async fn run_on_postgres(pool: &PgPool) -> Result<(), MigrateError> {
    if let Some(latest) = latest_on_postgres(&mut *pool.acquire().await?).await? {
        // This comes first: if the process stops in between, the next start moves the tables.
        MIGRATIONS.skip(pool, Some(latest)).await?;
        move_on_postgres(pool).await?;
    }
    MIGRATIONS.run(pool).await
}

#[cfg(feature = "postgres")]
async fn latest_on_postgres(connection: &mut PgConnection) -> sqlx::Result<Option<i64>> {
    let has_table = "SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL";
    if sqlx::query(has_table).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    Ok(latest(&sqlx::query(APPLIED).fetch_all(connection).await?))
}

#[cfg(feature = "postgres")]
async fn move_on_postgres(pool: &PgPool) -> Result<(), MigrateError> {
    let mut tx = pool.begin().await?;
    tx.execute(LOCK).await?;
    // Another process may have moved the tables meanwhile.
    let Some(latest) = latest_on_postgres(&mut tx).await? else { return Ok(()) };
    let tables = sqlx::query("SELECT set_config('cloakroom.tables', $1, TRUE)");
    tables.bind(BARE_TABLES.join(",")).execute(&mut *tx).await?;
    tx.execute(RENAME).await?;
    for statement in forget_old(latest) {
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    if sqlx::query(APPLIED).fetch_optional(&mut *tx).await?.is_none() {
        tx.execute("DROP TABLE _sqlx_migrations").await?;
    }
    tx.execute(TOMBSTONE).await?;
    tx.commit().await?;
    tracing::info!("{MOVED}");
    Ok(())
}

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations ORDER BY version";

/// Returns the latest of our migrations among those in sqlx's own table; `None` when that table is an app's.
fn latest<R>(applied: &[R]) -> Option<i64>
where
    R: sqlx::Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    for<'r> String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let is_ours = |version: i64, description: &str| {
        MIGRATIONS.iter().any(|known| known.version == version && known.description == description)
    };
    let read = applied.iter().filter_map(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)));
    let ours: Vec<i64> = read
        .filter(|(version, description): &(i64, String)| is_ours(*version, description))
        .map(|(version, _)| version)
        .collect();
    // The first migration made the accounts. An app may have a later one of the same name.
    if ours.first() == Some(&1) { ours.last().copied() } else { None }
}

/// Returns statements that remove our migrations from sqlx's own table.
fn forget_old(latest: i64) -> impl Iterator<Item = String> {
    let ours = MIGRATIONS.iter().filter(move |known| known.version <= latest);
    ours.map(|known| {
        format!(
            "DELETE FROM _sqlx_migrations WHERE version = {} AND description = '{}'",
            known.version, known.description
        )
    })
}
