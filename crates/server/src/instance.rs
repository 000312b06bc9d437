//! One server for one SQLite file: a second one is refused at its start, with the reason.
//!
//! The command line does not claim the file: it works while the server runs. Postgres is made for several servers.

use std::fs::{File, OpenOptions, TryLockError};

use cloakroom::Config;

use crate::Failure;

/// The claim on a SQLite file; ends with the process, however that ends.
pub(crate) struct Instance {
    _lock: Option<File>,
}

impl Instance {
    /// Claims the file of `config`.
    pub(crate) fn claim(config: &Config) -> Result<Self, Failure> {
        let Some(path) = config.database.url.expose().strip_prefix("sqlite:") else {
            return Ok(Self { _lock: None });
        };
        let path = format!("{path}.lock");
        let about = |error: std::io::Error| Failure::Refused(format!("{path} cannot be opened: {error}"));
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(&path).map_err(about)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(Failure::Refused(format!(
                "another cloakroom serves this database already ({path}); to run several, use Postgres"
            ))),
            Err(TryLockError::Error(error)) => Err(about(error)),
        }
    }
}
