//! Connections to Postgres, also through a pooler in session mode.
//!
//! Poolers such as `PgBouncer` do not pass the startup parameters `options` and `extra_float_digits` on, so neither is sent.
//! The settings of a session are made once it is connected.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgSslMode};
use sqlx::{Connection as _, Executor as _};

use crate::config::{Complaint, Database, ESCAPES, authority, is_here, tail};
use crate::error::{Error, Result};
use crate::store::db::{CONNECTIONS, Db, PATIENCE, not_migrated, patiently, to_error};
use crate::store::migrations;

/// The settings of each session.
const SETTINGS: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s'";
/// The advice about a pooler that changes connections between transactions.
pub(super) const POOLER: &str = "a pooler in transaction mode stands before this database: name a port or host in session \
     mode, or the database's own (PgBouncer: pool_mode = session; Supabase: port 5432, not 6543; Neon: the host without \
     `-pooler`)";
/// The number of probes of the pooler's mode. One answer can mislead while other clients use the same pool.
const PROBES: usize = 3;
/// The pause between two attempts to connect to a server that is just starting.
const PAUSE: Duration = Duration::from_millis(100);

/// Connects, and brings the schema up to date.
pub(super) async fn open(url: &str) -> Result<Db> {
    let options = options(url)
        .map_err(|error| Error::Config(format!("must be postgres://user:password@host/database: {error}")))?;
    let first = connect(&options).await?;
    require_sessions(first, &options).await?;
    let demotion = Arc::new(Demotion::default());
    let watched = Arc::clone(&demotion);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        // Asking each connection first whether it lives would double the round trips of every request. A dead connection fails
        // its next statement and is dropped, and another is opened.
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SETTINGS).await.map(drop) }))
        .before_acquire(move |_, about| {
            let is_kept = !watched.is_since(about.age);
            Box::pin(async move { Ok(is_kept) })
        })
        .connect_with(options)
        .await
        .map_err(to_error)?;
    migrations::run_on_postgres(&pool).await.map_err(not_migrated)?;
    Ok(Db::Postgres { pool, demotion })
}

/// Parses a URL as `open` does. sqlx logs unknown parameters with their values, so its log is switched off here.
pub(super) fn options(url: &str) -> sqlx::Result<PgConnectOptions> {
    let silent = tracing::subscriber::NoSubscriber::default();
    let options: PgConnectOptions = tracing::subscriber::with_default(silent, || url.parse())?;
    // No column is a float.
    Ok(options.extra_float_digits(None::<i8>))
}

/// Judges a URL of Postgres.
///
/// # Errors
/// A sentence that repeats nothing of the URL but the name of a parameter.
pub(super) fn check_url(url: &str) -> std::result::Result<(), String> {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, tail) = (authority(rest), tail(url).unwrap_or_default());
    let (path, parameters) = tail.split_once('?').unwrap_or((tail, ""));
    // A user with an @ may stand among the parameters.
    let is_foreign = |one: &str| one.contains('@') && !(authority.contains('@') && one.starts_with("user="));
    let is_split = tail.contains('#') || path.contains('@') || parameters.split('&').any(is_foreign);
    if is_split {
        return Err(format!("must be postgres://user:password@host/database; {ESCAPES}"));
    }
    match options(url) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("must be postgres://user:password@host/database: {error}; {ESCAPES}")),
    }
}

/// Warns of a database on another machine that TLS does not protect.
pub(crate) fn warnings(database: &Database) -> Vec<Complaint> {
    let told = "does not insist on TLS to another machine: add ?sslmode=verify-full, or sslmode=require where the server's \
                certificate cannot be checked";
    let is_open = is_remote_without_tls(database.url.expose());
    is_open.then(|| Complaint::new("database.url", told)).into_iter().collect()
}

/// Tells whether a URL leads to another machine and does not require TLS.
fn is_remote_without_tls(url: &str) -> bool {
    if !url.starts_with("postgres") {
        return false;
    }
    options(url).is_ok_and(|options| {
        let insists = matches!(
            options.get_ssl_mode(),
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
        );
        options.get_socket().is_none() && !is_here(options.get_host()) && !insists
    })
}

/// Opens one connection, and waits for a server that is just starting.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    let start = Instant::now();
    loop {
        let refused = match tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(refused)) => refused,
            Err(elapsed) => return Err(Error::Unavailable(elapsed.into())),
        };
        let is_starting = match &refused {
            sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
            // The server starts, or has no connection left (SQLSTATE 57P03 and 53300).
            sqlx::Error::Database(error) => {
                error.code().is_some_and(|code| code == "57P03" || code == "53300")
            }
            _ => false,
        };
        if !is_starting || start.elapsed() > PATIENCE {
            return Err(explained(refused));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Refuses a pooler that gives a client another connection for each transaction. Prepared statements, settings and `LISTEN`
/// need one that stays.
async fn require_sessions(mut first: PgConnection, options: &PgConnectOptions) -> Result<()> {
    for _ in 0..PROBES {
        let own = backend(&mut first).await?;
        // A pooler in session mode may have no second connection left. Then it waits, and its mode is known.
        let Ok(second) = tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await else {
            break;
        };
        // A server with few connections may refuse a second one too: one is enough to run.
        let is_full = |error: &sqlx::Error| matches!(error, sqlx::Error::Database(cause) if cause.code().is_some_and(|code| code == "53300"));
        if second.as_ref().is_err_and(is_full) {
            break;
        }
        let mut second = second.map_err(explained)?;
        let Ok(other) = tokio::time::timeout(PATIENCE, second_backend(&mut second)).await else { break };
        // One backend serves two connected clients, or one client has had two backends.
        let is_shared = own == other? || own != backend(&mut first).await?;
        if is_shared {
            return Err(Error::Config(POOLER.to_owned()));
        }
        let _ = second.close().await;
    }
    let _ = first.close().await;
    Ok(())
}

/// Returns the process that serves a connection. The query uses the simple protocol, which prepares nothing.
async fn backend(connection: &mut PgConnection) -> Result<i32> {
    patiently(async {
        let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?;
        sqlx::Row::try_get(&row, 0)
    })
    .await
}

/// Returns that process within a transaction, so that a pooler cannot serve the first client with it meanwhile.
async fn second_backend(connection: &mut PgConnection) -> Result<i32> {
    connection.execute("BEGIN").await.map_err(explained)?;
    backend(connection).await
}

/// Adds advice where a pooler does not pass a startup parameter on.
fn explained(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(cause) if cause.message().contains("startup parameter") => {
            Error::Config(format!(
                "the pooler before this database refuses a parameter ({}): leave it out of the URL, or add it to the pooler's \
             ignore_startup_parameters",
                cause.message()
            ))
        }
        sqlx::Error::Database(cause) if is_of_pooler(&**cause) => Error::Config(POOLER.to_owned()),
        _ => to_error(error),
    }
}

/// Tells whether a pooler has changed the connection behind ours. Then a prepared statement exists twice or not at all, or a
/// transaction block is refused (SQLSTATE 42P05, 26000; `PgBouncer`'s words in statement mode).
pub(super) fn is_of_pooler(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P05" || code == "26000")
        || error.message().contains("not allowed in statement pooling mode")
}

/// The time of the last write that the server refused because it is read-only (SQLSTATE 25006).
///
/// A failover makes a server read-only, and a connection may remember that when the next primary takes writes. So the
/// connections opened before the refusal are dropped, at most once a second.
#[derive(Default)]
pub(crate) struct Demotion(Mutex<Option<Instant>>);

/// The time during which connections that were opened after a refusal are kept, even if they meet another.
const ROUND: Duration = Duration::from_secs(1);

impl Demotion {
    /// Records a refusal, if `error` is one.
    pub(super) fn note(&self, error: &Error) {
        let Error::Unavailable(cause) = error else { return };
        let refused = cause.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
        if refused.and_then(DatabaseError::code).is_none_or(|code| code != "25006") {
            return;
        }
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= ROUND) {
            tracing::warn!("the database takes no writes: its connections are opened anew");
            *last = Some(Instant::now());
        }
    }

    /// Tells whether a connection of this age is older than the last refusal.
    fn is_since(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= age)
    }
}
