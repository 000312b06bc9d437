//! Notices of sessions that ended elsewhere: on another node, or by the command line.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::store::db::{Db, query};
use crate::store::{Store, Tx};

const CHANNEL: &str = "cloakroom_revocations";
/// The payload of a notification when more than one session may have ended.
const EVERYTHING: &str = "*";
/// The time without an answer after which cached sessions are not trusted.
const LEASE: Duration = Duration::from_secs(1);
/// The time without an answer after which the connection is closed and another one opened.
const SILENCE: Duration = Duration::from_secs(3);
/// The time limit for opening a listener.
const OPENING: Duration = Duration::from_secs(10);

/// A message that a listener receives.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// A revocation.
    Ended(Revocation),
    /// A heartbeat: all earlier revocations have been received.
    Heartbeat,
    /// No heartbeat within [`LEASE`]: later revocations are not known.
    Nothing,
}

/// The sessions that have ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Revocation {
    /// The session with this ticket hash.
    Ticket(String),
    /// Any session may have ended.
    Everything,
}

impl Tx {
    /// Notifies the other nodes, once this transaction commits. On SQLite the commit itself is the signal.
    pub(crate) async fn announce(&mut self, revocation: &Revocation) -> Result<()> {
        if self.has_concurrent_writers() {
            let payload = match revocation {
                Revocation::Ticket(ticket_hash) => ticket_hash,
                Revocation::Everything => EVERYTHING,
            };
            query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(self).await?;
        }
        Ok(())
    }
}

/// A subscription to revocations by other processes.
pub(crate) struct Revocations {
    source: Source,
    /// The time at which the last heartbeat came back.
    heard: Instant,
    is_silent: bool,
}

enum Source {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::DataVersion),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Listener),
}

impl Store {
    /// Begins to listen. Earlier revocations are not received: drop all cached sessions once this has returned.
    pub(crate) async fn revocations(&self) -> Result<Revocations> {
        let opening = async {
            Ok::<_, Error>(match &self.db {
                #[cfg(feature = "sqlite")]
                Db::Sqlite { write, .. } => Source::Sqlite(sqlite::DataVersion::open(write).await?),
                #[cfg(feature = "postgres")]
                Db::Postgres { pool, .. } => Source::Postgres(postgres::Listener::open(pool).await?),
            })
        };
        // A server that accepted the connection may never answer.
        let source =
            timeout(OPENING, opening).await.map_err(|elapsed| Error::Unavailable(elapsed.into()))??;
        Ok(Revocations { source, heard: Instant::now(), is_silent: false })
    }
}

impl Revocations {
    /// Waits for the next revocation, for a heartbeat, or for the end of a [`LEASE`] without one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the connection broke, or was silent for [`SILENCE`]: later revocations are not known.
    pub(crate) async fn next(&mut self) -> Result<Heard> {
        // SQLite's answer cannot get lost on the way.
        if !self.source.may_fall_silent() {
            return self.source.next().await;
        }
        let patience = if self.is_silent { SILENCE } else { LEASE };
        let left = patience.saturating_sub(self.heard.elapsed());
        let Ok(heard) = timeout(left, self.source.next()).await else {
            if self.is_silent {
                return Err(Error::Unavailable(format!("nothing was heard for {SILENCE:?}").into()));
            }
            self.is_silent = true;
            return Ok(Heard::Nothing);
        };
        let heard = heard?;
        if heard == Heard::Heartbeat {
            self.heard = Instant::now();
            self.is_silent = false;
        }
        Ok(heard)
    }
}

impl Source {
    async fn next(&mut self) -> Result<Heard> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(version) => version.next().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(listener) => listener.next().await,
        }
    }

    fn may_fall_silent(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
        }
    }
}

fn away(error: sqlx::Error) -> Error {
    Error::Unavailable(error.into())
}
