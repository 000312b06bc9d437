//! The rule of one server for each SQLite file: a second one is refused at its start, with the reason.
//!
//! The command line does not claim the file, so that it works while the server runs. Postgres allows several servers.

use std::fs::{File, TryLockError};

use cloakroom::Config;

use crate::Failure;

/// The claim on a SQLite file, which ends with the process, even after a crash.
pub(crate) struct Instance {
    _lock: Option<File>,
}

impl Instance {
    /// Claims the file of `config`.
    pub(crate) fn claim(config: &Config) -> Result<Self, Failure> {
        let Some(database) = config.database_file() else {
            return Ok(Self { _lock: None });
        };
        let refused = |complaint: String| Failure::from(config.complaint("database.url", complaint));
        let directory = database.parent().filter(|directory| !directory.as_os_str().is_empty());
        if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
            return Err(refused(format!("there is no directory {}", directory.display())));
        }
        let path = format!("{}.lock", database.display());
        let about = |error: std::io::Error| refused(format!("{path} cannot be opened: {error}"));
        let Some(lock) = config.open_beside_database(".lock").map_err(about)? else {
            return Ok(Self { _lock: None });
        };
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(refused(format!(
                "another cloakroom serves this database already ({path}); to run several, use Postgres"
            ))),
            Err(TryLockError::Error(error)) => Err(about(error)),
        }
    }
}
