//! Opens a SQLite file, and makes the files beside it as SQLite makes its own.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::Connection as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::config::sqlite_file;
use crate::error::{Error, Result};
use crate::files::{beside, directory_of, give_to, open_beside};
use crate::store::db::{CONNECTIONS, Db, PATIENCE, not_migrated, to_error};
use crate::store::migrations;

/// The parameters of sqlx's URLs that ask for the default behaviour.
const UNDERSTOOD: [&str; 2] = ["mode=rwc", "cache=private"];

/// Validates a URL of SQLite.
///
/// # Errors
/// A sentence, when it names no file or asks for unsupported behaviour.
pub(crate) fn check_url(url: &str) -> std::result::Result<(), String> {
    let path = sqlite_file(url).unwrap_or_default();
    if url.contains(":memory:") {
        return Err("keeps nothing in memory: accounts must outlive the process; name a file, in a temporary directory \
                    for tests"
            .to_owned());
    }
    if path.as_os_str().is_empty() {
        return Err("must be sqlite: and the path of a file".to_owned());
    }
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    match parameters.split('&').find(|one| !one.is_empty() && !UNDERSTOOD.contains(one)) {
        Some(one) => {
            let name = one.split('=').next().unwrap_or_default();
            Err(format!(
                "must be sqlite: and the path of a file, without the parameter `{name}`: the file is made when absent, and \
                 always opened for reading and writing"
            ))
        }
        None => Ok(()),
    }
}

/// Opens the file, makes it when absent, and brings its schema up to date.
pub(super) async fn open(path: &Path) -> Result<Db> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        return Err(Error::Config(format!("there is no directory {}", directory.display())));
    }
    create_private(path).map_err(|error| about(path, &error))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A sign-out that was confirmed must survive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE);
    // A connection to a file does not die, and to test it would cost a trip to its thread and back.
    let pool = |most| {
        SqlitePoolOptions::new().max_connections(most).acquire_timeout(PATIENCE).test_before_acquire(false)
    };
    // On a full disk SQLite rolls back by itself, but sqlx still counts a transaction, so every later one would fail. A
    // connection that comes back in that state is closed, and the next writer opens another. Revocations show as a change of
    // this one connection's `data_version`, which starts anew with another connection. So the connection is kept as long as it
    // works.
    let write = pool(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(to_error)?;
    migrate_alone(path, &write).await?;
    let read = pool(CONNECTIONS).connect_with(options).await.map_err(to_error)?;
    Ok(Db::Sqlite { read, write })
}

/// Brings the schema up to date, one process at a time: the command line may start beside the server.
async fn migrate_alone(path: &Path, write: &SqlitePool) -> Result<()> {
    let database = path.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = beside(&database, ".migration");
        let lock = open_beside(&database, ".migration").map_err(|error| about(&file, &error))?;
        lock.lock().map_err(|error| about(&file, &error))?;
        Ok::<_, Error>(lock)
    });
    let lock = locked.await.map_err(Error::internal)??;
    let migrated = migrations::run_on_sqlite(write).await.map_err(not_migrated);
    drop(lock);
    migrated
}

/// Makes a new database that only its owner may read, regardless of the umask. SQLite gives its side files the mode and owner
/// of the database. A database that root makes belongs to the owner of its directory: the account that the service runs under.
fn create_private(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(other) => Err(other),
        Ok(file) => give_to(&file, &directory_of(path)),
    }
}

/// Names the file that cannot be opened: a file beside a database is not the one that the configuration names.
fn about(path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    let cure = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ": the account that runs this must own it and its directory (chown)"
        }
        _ => "",
    };
    Error::Unavailable(format!("{shown} cannot be opened: {error}{cure}").into())
}
