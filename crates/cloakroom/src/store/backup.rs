//! Copies of a SQLite database: they are made while it is in use, and can replace it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::error::{Error, Result};
use crate::files::{beside, directory_of, give_to};
use crate::store::Store;
use crate::store::db::{PATIENCE, to_error};

/// Copies `database` to `copy`, which must not exist, in one read transaction. Writers go on meanwhile. The copy is checked
/// before it gets its name.
pub(crate) async fn backup(database: &Path, copy: &Path) -> Result<()> {
    if copy.exists() {
        return Err(Error::Config(format!("{} exists already", copy.display())));
    }
    let draft = beside(copy, ".part");
    copy_checked(database, &draft).await?;
    // A link never replaces an existing file; a rename would.
    let named = fs::hard_link(&draft, copy);
    let _ = fs::remove_file(&draft);
    named.and_then(|()| sync(copy)).map_err(|error| about(copy, &error))
}

/// Replaces `database` by `copy`; no process may use it meanwhile. The previous database is kept as `….replaced`
/// (`….replaced-2` and so on). It ends every session unless they are kept: sessions that were signed out since the copy was
/// made would be open again.
pub(crate) async fn restore(copy: &Path, database: &Path, keeps_sessions: bool) -> Result<u64> {
    let draft = beside(database, ".restoring");
    copy_checked(copy, &draft).await?;
    let owner = if database.exists() { database.to_owned() } else { directory_of(database) };
    let given = File::open(&draft).and_then(|file| give_to(&file, &owner));
    given.map_err(|error| about(&draft, &error))?;
    let prepared = prepare(&draft, keeps_sessions).await;
    let _ = fs::remove_file(beside(&draft, ".migration"));
    let ended = prepared.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })?;
    replace(database, &draft).map_err(|error| about(database, &error))?;
    Ok(ended)
}

/// Brings the schema of a copy up to date, and ends its sessions.
async fn prepare(draft: &Path, keeps_sessions: bool) -> Result<u64> {
    let store = Store::open(&format!("sqlite:{}", draft.display())).await?;
    let mut ended = 0;
    if !keeps_sessions {
        let mut tx = store.begin().await?;
        ended = tx.end_all_sessions().await?;
        tx.commit().await?;
    }
    store.close().await;
    Ok(ended)
}

/// Returns the first of `path`, `path-2`, `path-3`… that does not exist. A second restore must not destroy what the first one
/// replaced.
fn unused(path: &Path) -> PathBuf {
    let numbered = (2..).map(|number| beside(path, &format!("-{number}")));
    let mut names = std::iter::once(path.to_owned()).chain(numbered);
    let is_free = |name: &PathBuf| !name.exists() && !beside(name, "-wal").exists();
    names.find(is_free).unwrap_or_else(|| path.to_owned())
}

fn replace(database: &Path, draft: &Path) -> io::Result<()> {
    if database.exists() {
        let replaced = unused(&beside(database, ".replaced"));
        // The last writes may be in the write-ahead log, so it moves with its database.
        for suffix in ["-wal", ""] {
            let (from, to) = (beside(database, suffix), beside(&replaced, suffix));
            match fs::rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        let _ = fs::remove_file(beside(database, "-shm"));
    }
    fs::rename(draft, database)?;
    sync(database)
}

/// Writes a copy of `from` to `to`, and reads all of it once.
async fn copy_checked(from: &Path, to: &Path) -> Result<()> {
    if !from.is_file() {
        return Err(Error::Config(format!("there is no file {}", from.display())));
    }
    let _ = fs::remove_file(to);
    // SQLite writes into an empty file that exists; a file that it makes itself would have the mode of the umask.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| about(to, &error))?;
    let written = write_copy(from, to).await;
    written.inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

async fn write_copy(from: &Path, to: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().busy_timeout(PATIENCE);
    let mut source =
        SqliteConnection::connect_with(&options.clone().filename(from)).await.map_err(to_error)?;
    let target = to.to_str().ok_or_else(|| Error::Config(format!("{} is not UTF-8", to.display())))?;
    let copied = sqlx::query("VACUUM INTO $1").bind(target).execute(&mut source).await;
    copied.map_err(|error| unreadable(from, &error))?;
    let _ = source.close().await;
    let mut copy = SqliteConnection::connect_with(&options.filename(to)).await.map_err(to_error)?;
    let checked: std::result::Result<Vec<String>, _> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut copy).await;
    let checked = checked.map_err(|error| unreadable(from, &error))?;
    if checked != ["ok"] {
        return Err(Error::Config(format!("{} is damaged: {}", from.display(), checked.join("; "))));
    }
    let tables =
        sqlx::query("SELECT 1 FROM sqlite_master WHERE name IN ('cloakroom_migrations', '_sqlx_migrations')");
    if tables.fetch_optional(&mut copy).await.map_err(to_error)?.is_none() {
        return Err(Error::Config(format!("{} is no database of Cloakroom", from.display())));
    }
    let _ = copy.close().await;
    sync(to).map_err(|error| about(to, &error))
}

/// Syncs a file and its name, so that they outlive a power cut.
fn sync(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    File::open(directory_of(file))?.sync_all()
}

fn unreadable(file: &Path, error: &sqlx::Error) -> Error {
    Error::Config(format!("{} cannot be copied: {error}", file.display()))
}

fn about(file: &Path, error: &io::Error) -> Error {
    Error::Config(format!("{} cannot be written: {error}", file.display()))
}
