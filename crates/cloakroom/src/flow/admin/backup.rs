//! Copies of a SQLite database for an administrator. Postgres has tools of its own.

use std::path::Path;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::store;

/// Copies the database to `copy`, which must not exist, while the database is in use. The copy is one transaction and is
/// checked.
///
/// # Errors
/// [`Error::Config`] when the database is not SQLite, cannot be read, or `copy` cannot be written.
pub async fn backup(config: &Config, copy: &Path) -> Result<()> {
    let Some(database) = config.database_file() else {
        return Err(config.complaint(
            "database.url",
            "is Postgres, which has its own tool: pg_dump --format=custom DATABASE > FILE",
        ));
    };
    store::backup(&database, copy).await
}

/// Puts `copy` in the place of the database, which no server may use meanwhile. The previous database stays beside it as
/// `….replaced`. Returns how many sessions were ended: all of them, unless `keeps_sessions`.
///
/// # Errors
/// [`Error::Config`] when the database is not SQLite, or `copy` is none of Cloakroom or damaged.
pub async fn restore(config: &Config, copy: &Path, keeps_sessions: bool) -> Result<u64> {
    let Some(database) = config.database_file() else {
        return Err(config.complaint(
            "database.url",
            "is Postgres, which has its own tool: pg_restore --clean --if-exists --dbname=DATABASE FILE, and then \
             `cloakroom session end --all`",
        ));
    };
    store::restore(copy, &database, keeps_sessions).await.map_err(|error| match error {
        Error::Unavailable(cause) => Error::Config(format!("{}: {cause}", copy.display())),
        other => other,
    })
}
