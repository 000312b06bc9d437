//! How a node hears that sessions ended elsewhere: on another node, or by the command line.
//!
//! Postgres tells it (`LISTEN`/`NOTIFY`, delivered when the writer commits). SQLite has `data_version`, which changes on
//! a connection when *another* one commits: read on the one connection through which this process writes, it changes
//! only when another process has written.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::sqlite::SqlitePool;

use crate::error::{Error, Result};
use crate::store::db::{Db, query};
use crate::store::{Store, Tx};

const CHANNEL: &str = "cloakroom_revocations";
/// What a notification says when more than one session may have ended.
const EVERYTHING: &str = "*";
/// How often SQLite is asked; a revocation must be honoured within a second.
const PERIOD: Duration = Duration::from_millis(250);

/// What has ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Revocation {
    /// The session with this ticket hash.
    Ticket(String),
    /// Perhaps any session.
    Everything,
}

impl Tx {
    /// Tells the other nodes, once this transaction commits. On SQLite the commit itself is the sign.
    pub(crate) async fn announce(&mut self, revocation: &Revocation) -> Result<()> {
        if matches!(self, Self::Postgres(_)) {
            let payload = match revocation {
                Revocation::Ticket(ticket_hash) => ticket_hash,
                Revocation::Everything => EVERYTHING,
            };
            query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(self).await?;
        }
        Ok(())
    }
}

/// Hears what ended elsewhere.
pub(crate) enum Revocations {
    /// Asks now and then whether another process has written.
    Sqlite { write: SqlitePool, seen: i64 },
    /// Is told.
    Postgres(Box<PgListener>),
}

impl Store {
    /// Begins to listen. What ended before is not heard: forget everything cached once this has returned.
    pub(crate) async fn revocations(&self) -> Result<Revocations> {
        match &self.db {
            Db::Sqlite { write, .. } => {
                Ok(Revocations::Sqlite { write: write.clone(), seen: data_version(write).await? })
            }
            Db::Postgres { pool, .. } => {
                let mut listener = PgListener::connect_with(pool).await.map_err(away)?;
                listener.listen(CHANNEL).await.map_err(away)?;
                Ok(Revocations::Postgres(Box::new(listener)))
            }
        }
    }
}

impl Revocations {
    /// Waits for the next one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the connection broke: what ended since is not known.
    pub(crate) async fn next(&mut self) -> Result<Revocation> {
        match self {
            Self::Postgres(listener) => match listener.try_recv().await.map_err(away)? {
                Some(told) if told.payload() != EVERYTHING => {
                    Ok(Revocation::Ticket(told.payload().to_owned()))
                }
                Some(_) => Ok(Revocation::Everything),
                None => Err(Error::Unavailable("the listening connection was closed".into())),
            },
            Self::Sqlite { write, seen } => loop {
                tokio::time::sleep(PERIOD).await;
                let version = data_version(write).await?;
                if std::mem::replace(seen, version) != version {
                    return Ok(Revocation::Everything);
                }
            },
        }
    }
}

async fn data_version(write: &SqlitePool) -> Result<i64> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA data_version").fetch_one(write).await.map_err(away)?;
    Ok(version)
}

fn away(error: sqlx::Error) -> Error {
    Error::Unavailable(error.into())
}
