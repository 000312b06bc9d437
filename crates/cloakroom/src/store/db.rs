//! Two engines, one text: a `&'static str` runs on whichever engine the URL names.
//!
//! Reads take `&Db`, writes take `&mut Tx`. On SQLite all writes go through one connection, so that they queue here in
//! order instead of failing as busy, and reads never wait for them (WAL).

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{FromRow, Postgres, Sqlite, Transaction};

use crate::config::sqlite_file;
use crate::error::{Error, Result};
use crate::store::certificate;
use crate::store::events::Recorded;
use crate::store::postgres::{self, Demotion};
use crate::store::sqlite;

/// How long a request waits for storage before it hears 503.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Connections for reads on SQLite; on Postgres for everything.
pub(super) const CONNECTIONS: u32 = 8;

/// An engine and its connections.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres { pool: PgPool, demotion: Arc<Demotion> },
}

/// A write transaction; dropped without `commit`, it never was. SQLite takes its write lock at the start, so that it
/// never fails halfway.
pub(crate) struct Tx {
    pub(super) engine: Engine,
    pub(super) recorded: Recorded,
}

/// The transaction itself.
pub(super) enum Engine {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(PostgresTx),
}

/// A transaction of Postgres, and where it notes that the server takes no writes any more.
pub(super) struct PostgresTx {
    inner: Transaction<'static, Postgres>,
    demotion: Arc<Demotion>,
}

impl Db {
    /// Connects, and brings the schema up to date; on Postgres one of several processes does, and the others wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be reached or opened, [`Error::Config`] when it never will be.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        match sqlite_file(url) {
            Some(path) => sqlite::open(&path).await,
            None => postgres::open(url).await,
        }
    }

    /// Begins a write.
    pub(super) async fn begin(&self) -> Result<Engine> {
        patiently(async {
            Ok(match self {
                Self::Sqlite { write, .. } => Engine::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
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
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes everything in this transaction so, at once; then logs and counts the events that it has recorded.
    pub(crate) async fn commit(self) -> Result<()> {
        patiently(async {
            match self.engine {
                Engine::Sqlite(tx) => tx.commit().await,
                Engine::Postgres(tx) => tx.inner.commit().await,
            }
        })
        .await?;
        self.recorded.announce();
        Ok(())
    }

    /// Undoes everything in this transaction now, so that the next writer need not wait until the connection is tidied up.
    pub(crate) async fn roll_back(self) -> Result<()> {
        patiently(async {
            match self.engine {
                Engine::Sqlite(tx) => tx.rollback().await,
                Engine::Postgres(tx) => tx.inner.rollback().await,
            }
        })
        .await
    }
}

/// A row that both engines can decode; `#[derive(sqlx::FromRow)]` or a tuple is enough.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// The column types of the schema.
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(bool),
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}
impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<crate::clock::Timestamp> for Value {
    fn from(value: crate::clock::Timestamp) -> Self {
        Self::Int(Some(value.as_millis()))
    }
}
impl From<Option<crate::clock::Timestamp>> for Value {
    fn from(value: Option<crate::clock::Timestamp>) -> Self {
        Self::Int(value.map(crate::clock::Timestamp::as_millis))
    }
}
impl From<crate::secret::TicketHash> for Value {
    fn from(value: crate::secret::TicketHash) -> Self {
        Self::Text(Some(value.to_text()))
    }
}

/// Where a query runs: on a connection for reads, or inside a transaction.
pub(crate) enum Target<'a> {
    Sqlite(&'a SqlitePool),
    SqliteTx(&'a mut Transaction<'static, Sqlite>),
    Postgres(&'a PgPool),
    PostgresTx(&'a mut PostgresTx),
}

impl<'a> From<&'a Db> for Target<'a> {
    fn from(db: &'a Db) -> Self {
        match db {
            Db::Sqlite { read, .. } => Self::Sqlite(read),
            Db::Postgres { pool, .. } => Self::Postgres(pool),
        }
    }
}

impl<'a> From<&'a mut Tx> for Target<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        match &mut tx.engine {
            Engine::Sqlite(tx) => Self::SqliteTx(tx),
            Engine::Postgres(tx) => Self::PostgresTx(tx),
        }
    }
}

/// A statement and its values.
pub(crate) struct Query {
    sql: &'static str,
    values: Vec<Value>,
}

/// A statement in the dialect that both engines share, with `$1`, `$2`… for its values.
pub(crate) fn query(sql: &'static str) -> Query {
    Query { sql, values: Vec::new() }
}

/// A statement with a query whose rows Postgres locks, by the words in the middle, because it has writers beside each other.
/// SQLite has one at a time, and no such words. With a `LIMIT`, the query stands in a `WITH`, so that it runs once.
macro_rules! locking {
    ($tx:expr, $before:expr, $words:literal, $after:expr $(,)?) => {
        match $tx.engine {
            $crate::store::db::Engine::Sqlite(_) => concat!($before, $after),
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
            Target::Sqlite(pool) => with!(Sqlite, pool).map(Into::into),
            Target::SqliteTx(tx) => with!(Sqlite, &mut **tx).map(Into::into),
            Target::Postgres(pool) => with!(Postgres, pool).map(Into::into),
            Target::PostgresTx(PostgresTx { inner, demotion }) => {
                with!(Postgres, &mut **inner).inspect_err(|error| demotion.note(error)).map(Into::into)
            }
        }
    }};
}

/// How many rows a statement touched.
pub(crate) struct Affected(pub(crate) u64);

impl From<sqlx::sqlite::SqliteQueryResult> for Affected {
    fn from(result: sqlx::sqlite::SqliteQueryResult) -> Self {
        Self(result.rows_affected())
    }
}
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

    /// At most one row; `RETURNING` makes a write answer here too, inside a transaction.
    pub(crate) async fn optional<'a, T: Row>(self, target: impl Into<Target<'a>>) -> Result<Option<T>> {
        run!(self, target, query_as::<T>, fetch_optional)
    }

    /// All rows.
    pub(crate) async fn all<'a, T: Row>(self, target: impl Into<Target<'a>>) -> Result<Vec<T>> {
        run!(self, target, query_as::<T>, fetch_all)
    }
}

/// A schema that this program does not know is not away: it is a newer program's.
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

/// Waits for storage, but not for ever: a server that hangs must not hold requests.
pub(super) async fn patiently<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE * 2, work).await {
        Ok(result) => result.map_err(to_error),
        Err(elapsed) => Err(Error::Unavailable(elapsed.into())),
    }
}

/// Tells what storage cannot do just now from what is our mistake.
pub(super) fn to_error(error: sqlx::Error) -> Error {
    let ours = match &error {
        sqlx::Error::Database(cause) if cause.is_unique_violation() => {
            return Error::AlreadyExists(cause.constraint().unwrap_or("row").to_owned());
        }
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

/// SQLite's generic error and constraint codes (extended ones end in the byte 19), and Postgres's classes for data,
/// constraints, syntax and privileges; everything else (busy, full, I/O, shutting down) passes.
fn is_mistake(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 1 | 19 | 20 | 25),
        _ => ["22", "23", "42"].iter().any(|class| code.starts_with(class)),
    }
}
