//! One dialect for two engines: a `&'static str` runs on the engine that the URL names.
//!
//! Reads take `&Db`, writes take `&mut Tx`. On SQLite all writes go through one connection, so that they queue here in
//! order instead of failing as busy, and reads never wait for them (WAL).

#[cfg(feature = "postgres")]
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::MigrateError;
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgPool, PgRow, Postgres};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{FromRow, Transaction};

use crate::config::sqlite_file;
use crate::error::{Error, Result};
use crate::store::certificate;
use crate::store::events::Recorded;
#[cfg(feature = "postgres")]
use crate::store::postgres::{self, Demotion};
#[cfg(feature = "sqlite")]
use crate::store::sqlite;
use crate::store::value::Value;

/// The time that a request waits for storage before it gets 503.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// The number of connections: for reads on SQLite, for everything on Postgres.
pub(super) const CONNECTIONS: u32 = 8;

/// An engine and its connections.
#[derive(Clone)]
pub(crate) enum Db {
    #[cfg(feature = "sqlite")]
    Sqlite { read: SqlitePool, write: SqlitePool },
    #[cfg(feature = "postgres")]
    Postgres { pool: PgPool, demotion: Arc<Demotion> },
}

/// A write transaction. Dropped without `commit`, it is rolled back. SQLite takes its write lock at the start, so that it never
/// fails halfway.
pub(crate) struct Tx {
    pub(super) engine: Engine,
    pub(super) recorded: Recorded,
}

/// The transaction itself.
pub(super) enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(Transaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(PostgresTx),
}

/// A transaction of Postgres, and the place where it records that the server has become read-only.
#[cfg(feature = "postgres")]
pub(super) struct PostgresTx {
    inner: Transaction<'static, Postgres>,
    demotion: Arc<Demotion>,
}

impl Db {
    /// Connects, and brings the schema up to date. On Postgres one of several processes does that, and the others wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be reached or opened, [`Error::Config`] when it never will be.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        match sqlite_file(url) {
            #[cfg(feature = "sqlite")]
            Some(path) => sqlite::open(&path).await,
            #[cfg(feature = "postgres")]
            None => postgres::open(url).await,
            #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
            _ => Err(Error::Config("is of an engine that this program was built without".to_owned())),
        }
    }

    /// Begins a write.
    pub(super) async fn begin(&self) -> Result<Engine> {
        patiently(async {
            Ok(match self {
                #[cfg(feature = "sqlite")]
                Self::Sqlite { write, .. } => Engine::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
                #[cfg(feature = "postgres")]
                Self::Postgres { pool, demotion } => Engine::Postgres(PostgresTx {
                    inner: pool.begin().await?,
                    demotion: Arc::clone(demotion),
                }),
            })
        })
        .await
    }

    /// Closes every connection, so that SQLite's files are left tidy.
    pub(crate) async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl Tx {
    /// Tells whether others may write at the same time. SQLite has one writer.
    pub(super) fn has_concurrent_writers(&self) -> bool {
        match self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => true,
        }
    }

    /// Commits everything in this transaction, then logs and counts the events that it has recorded.
    pub(crate) async fn commit(self) -> Result<()> {
        patiently(async {
            match self.engine {
                #[cfg(feature = "sqlite")]
                Engine::Sqlite(tx) => tx.commit().await,
                #[cfg(feature = "postgres")]
                Engine::Postgres(tx) => tx.inner.commit().await,
            }
        })
        .await?;
        self.recorded.announce();
        Ok(())
    }

    /// Rolls this transaction back now, so that the next writer need not wait until the connection is cleaned up.
    pub(crate) async fn roll_back(self) -> Result<()> {
        patiently(async {
            match self.engine {
                #[cfg(feature = "sqlite")]
                Engine::Sqlite(tx) => tx.rollback().await,
                #[cfg(feature = "postgres")]
                Engine::Postgres(tx) => tx.inner.rollback().await,
            }
        })
        .await
    }
}

/// A row that SQLite can decode, where it is built in.
#[cfg(feature = "sqlite")]
pub(crate) trait FromSqlite: for<'r> FromRow<'r, SqliteRow> {}
#[cfg(feature = "sqlite")]
impl<T: for<'r> FromRow<'r, SqliteRow>> FromSqlite for T {}
#[cfg(not(feature = "sqlite"))]
pub(crate) trait FromSqlite {}
#[cfg(not(feature = "sqlite"))]
impl<T> FromSqlite for T {}

/// A row that Postgres can decode, where it is built in.
#[cfg(feature = "postgres")]
pub(crate) trait FromPostgres: for<'r> FromRow<'r, PgRow> {}
#[cfg(feature = "postgres")]
impl<T: for<'r> FromRow<'r, PgRow>> FromPostgres for T {}
#[cfg(not(feature = "postgres"))]
pub(crate) trait FromPostgres {}
#[cfg(not(feature = "postgres"))]
impl<T> FromPostgres for T {}

/// A row that every engine can decode; `#[derive(sqlx::FromRow)]` or a tuple is enough.
pub(crate) trait Row: FromSqlite + FromPostgres + Send + Unpin {}
impl<T: FromSqlite + FromPostgres + Send + Unpin> Row for T {}

/// The target of a query: a connection for reads, or a transaction.
pub(crate) enum Target<'a> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'a SqlitePool),
    #[cfg(feature = "sqlite")]
    SqliteTx(&'a mut Transaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(&'a PgPool),
    #[cfg(feature = "postgres")]
    PostgresTx(&'a mut PostgresTx),
}

impl<'a> From<&'a Db> for Target<'a> {
    fn from(db: &'a Db) -> Self {
        match db {
            #[cfg(feature = "sqlite")]
            Db::Sqlite { read, .. } => Self::Sqlite(read),
            #[cfg(feature = "postgres")]
            Db::Postgres { pool, .. } => Self::Postgres(pool),
        }
    }
}

impl<'a> From<&'a mut Tx> for Target<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        match &mut tx.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(tx) => Self::SqliteTx(tx),
            #[cfg(feature = "postgres")]
            Engine::Postgres(tx) => Self::PostgresTx(tx),
        }
    }
}

/// A statement and its values.
pub(crate) struct Query {
    sql: &'static str,
    values: Vec<Value>,
}

/// Makes a statement in the dialect that both engines share, with `$1`, `$2`… for its values.
pub(crate) fn query(sql: &'static str) -> Query {
    Query { sql, values: Vec::new() }
}

/// Makes a statement whose inner query locks its rows on Postgres, by the words in the middle, because Postgres has concurrent
/// writers. SQLite has one writer at a time, and no such words. With a `LIMIT`, the query stands in a `WITH`, so that it runs
/// once.
macro_rules! locking {
    ($tx:expr, $before:expr, $words:literal, $after:expr $(,)?) => {
        match $tx.engine {
            #[cfg(feature = "sqlite")]
            $crate::store::db::Engine::Sqlite(_) => concat!($before, $after),
            #[cfg(feature = "postgres")]
            $crate::store::db::Engine::Postgres(_) => concat!($before, " ", $words, $after),
        }
    };
}
pub(super) use locking;

macro_rules! run {
    ($self:ident, $target:expr, $make:ident $(::<$row:ty>)?, $method:ident) => {{
        macro_rules! with {
            ($engine:ty, $executor:expr) => {{
                let mut query = sqlx::$make::<$engine $(, $row)?>($self.sql);
                for value in $self.values {
                    query = match value {
                        Value::Text(value) => query.bind(value),
                        Value::Int(value) => query.bind(value),
                        Value::Bool(value) => query.bind(value),
                    };
                }
                patiently(async { query.$method($executor).await }).await
            }};
        }
        match $target.into() {
            #[cfg(feature = "sqlite")]
            Target::Sqlite(pool) => with!(Sqlite, pool).map(Into::into),
            #[cfg(feature = "sqlite")]
            Target::SqliteTx(tx) => with!(Sqlite, &mut **tx).map(Into::into),
            #[cfg(feature = "postgres")]
            Target::Postgres(pool) => with!(Postgres, pool).map(Into::into),
            #[cfg(feature = "postgres")]
            Target::PostgresTx(PostgresTx { inner, demotion }) => {
                with!(Postgres, &mut **inner).inspect_err(|error| demotion.note(error)).map(Into::into)
            }
        }
    }};
}

/// The number of rows that a statement changed.
pub(crate) struct Affected(pub(crate) u64);

#[cfg(feature = "sqlite")]
impl From<sqlx::sqlite::SqliteQueryResult> for Affected {
    fn from(result: sqlx::sqlite::SqliteQueryResult) -> Self {
        Self(result.rows_affected())
    }
}
#[cfg(feature = "postgres")]
impl From<sqlx::postgres::PgQueryResult> for Affected {
    fn from(result: sqlx::postgres::PgQueryResult) -> Self {
        Self(result.rows_affected())
    }
}

impl Query {
    /// Adds the next value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs a write that returns nothing.
    pub(crate) async fn execute(self, tx: &mut Tx) -> Result<Affected> {
        run!(self, tx, query, execute)
    }

    /// Returns at most one row. Inside a transaction, a write with `RETURNING` works here too.
    pub(crate) async fn optional<'a, T: Row>(self, target: impl Into<Target<'a>>) -> Result<Option<T>> {
        run!(self, target, query_as::<T>, fetch_optional)
    }

    /// Returns all rows.
    pub(crate) async fn all<'a, T: Row>(self, target: impl Into<Target<'a>>) -> Result<Vec<T>> {
        run!(self, target, query_as::<T>, fetch_all)
    }
}

/// Turns a failed migration into an error. A schema that this program does not know is no outage: it is a newer program's.
pub(super) fn not_migrated(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(migration) => Error::Config(format!(
            "a newer Cloakroom has brought this database up to date (migration {migration}): run that one, or restore a back-up from before"
        )),
        MigrateError::VersionMismatch(migration) => Error::Config(format!(
            "another program, or an unfinished build of this one, made this database (migration {migration} differs)"
        )),
        other => Error::Unavailable(other.into()),
    }
}

/// Waits for storage with a time limit: a server that hangs must not hold requests.
pub(super) async fn patiently<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE * 2, work).await {
        Ok(result) => result.map_err(to_error),
        Err(elapsed) => Err(Error::Unavailable(elapsed.into())),
    }
}

/// Separates a temporary failure of storage from a mistake of ours.
pub(super) fn to_error(error: sqlx::Error) -> Error {
    let ours = match &error {
        sqlx::Error::Database(cause) if cause.is_unique_violation() => {
            return Error::AlreadyExists(cause.constraint().unwrap_or("row").to_owned());
        }
        #[cfg(feature = "postgres")]
        sqlx::Error::Database(cause) if postgres::is_of_pooler(&**cause) => {
            return Error::Unavailable(postgres::POOLER.into());
        }
        sqlx::Error::Database(cause) => cause.code().is_some_and(|code| is_mistake(&code)),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::RowNotFound
        | sqlx::Error::TypeNotFound { .. } => true,
        _ => false,
    };
    if ours { Error::Internal(error.into()) } else { certificate::in_words(error) }
}

/// Tells whether a code means a mistake of ours. These are SQLite's generic error and constraint codes (extended ones end in
/// the byte 19). On Postgres they are the classes for data, constraints, syntax and privileges. Everything else (busy, full,
/// I/O, shutting down) is temporary.
fn is_mistake(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 1 | 19 | 20 | 25),
        _ => ["22", "23", "42"].iter().any(|class| code.starts_with(class)),
    }
}
