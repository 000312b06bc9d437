//! How a node hears that sessions ended elsewhere: on another node, or by the command line.
//!
//! Postgres tells it (`LISTEN`/`NOTIFY`, delivered when the writer commits). SQLite has `data_version`, which changes on
//! a connection when *another* one commits: read on the one connection through which this process writes, it changes
//! only when another process has written.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::secret;
use crate::store::db::{Db, Engine, PATIENCE, query};
use crate::store::{Store, Tx};

const CHANNEL: &str = "cloakroom_revocations";
/// What a notification says when more than one session may have ended.
const EVERYTHING: &str = "*";
/// How often SQLite is asked; a revocation must be honoured within a second.
const PERIOD: Duration = Duration::from_millis(250);
/// How often a listener sends itself a heartbeat. One that comes back proves that all before it has been heard: Postgres
/// delivers notifications in the order of their commits.
const BEAT: Duration = Duration::from_millis(500);
/// What the payload of a heartbeat begins with; the listener's own id follows. No ticket hash has it.
const HEARTBEAT: char = '.';
/// Without an answer for so long, what is cached is not believed.
const LEASE: Duration = Duration::from_secs(1);
/// Without an answer for so long, the connection is given up and another one opened.
const SILENCE: Duration = Duration::from_secs(3);
/// The time limit for opening a listener.
const OPENING: Duration = Duration::from_secs(10);

/// A message that a listener hears.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// Something has ended.
    Ended(Revocation),
    /// A heartbeat: everything that ended before has been heard.
    Heartbeat,
    /// No heartbeat within [`LEASE`]: what has ended since is not known.
    Nothing,
}

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
        if matches!(self.engine, Engine::Postgres(_)) {
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
pub(crate) struct Revocations {
    source: Source,
    /// The time at which the last heartbeat came back.
    heard: Instant,
    is_silent: bool,
}

enum Source {
    /// Asks now and then whether another process has written.
    Sqlite { write: SqlitePool, seen: i64 },
    /// Is told, and asks itself.
    Postgres { listener: Box<PgListener>, heartbeat: String, sent: Instant },
}

impl Store {
    /// Begins to listen. What ended before is not heard: forget everything cached once this has returned.
    pub(crate) async fn revocations(&self) -> Result<Revocations> {
        let opening = async {
            Ok::<_, Error>(match &self.db {
                Db::Sqlite { write, .. } => {
                    Source::Sqlite { write: write.clone(), seen: data_version(write).await? }
                }
                Db::Postgres { pool, .. } => {
                    // A pool of its own: the connection of a listener that died silently may be waited for in vain.
                    let own = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
                    let own = own.connect_lazy_with((*pool.connect_options()).clone());
                    let mut listener = PgListener::connect_with(&own).await.map_err(away)?;
                    // A connection that breaks is told, instead of being opened anew in silence.
                    listener.eager_reconnect(false);
                    listener.listen(CHANNEL).await.map_err(away)?;
                    let heartbeat = format!("{HEARTBEAT}{}", secret::nonce());
                    Source::Postgres { listener: Box::new(listener), heartbeat, sent: Instant::now() }
                }
            })
        };
        // A server that took the connection may never answer.
        let source =
            timeout(OPENING, opening).await.map_err(|elapsed| Error::Unavailable(elapsed.into()))??;
        Ok(Revocations { source, heard: Instant::now(), is_silent: false })
    }
}

impl Revocations {
    /// Waits for the next one, for a heartbeat, or for the end of a [`LEASE`] without one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the connection broke, or was silent for [`SILENCE`]: what ended since is not known.
    pub(crate) async fn next(&mut self) -> Result<Heard> {
        // SQLite's answer cannot get lost on the way.
        if matches!(self.source, Source::Sqlite { .. }) {
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
            Self::Postgres { listener, heartbeat, sent } => {
                next_notification(listener, heartbeat, sent).await
            }
            Self::Sqlite { write, seen } => {
                tokio::time::sleep(PERIOD).await;
                let version = data_version(write).await?;
                let is_new = std::mem::replace(seen, version) != version;
                Ok(if is_new { Heard::Ended(Revocation::Everything) } else { Heard::Heartbeat })
            }
        }
    }
}

/// Sends a heartbeat when it is time, until there is something to tell.
async fn next_notification(listener: &mut PgListener, heartbeat: &str, sent: &mut Instant) -> Result<Heard> {
    loop {
        let Ok(told) = timeout(BEAT.saturating_sub(sent.elapsed()), listener.try_recv()).await else {
            *sent = Instant::now();
            // On the connection that listens: it comes back behind all that was told before. A connection that has died
            // silently may still take bytes; then nothing comes back.
            let notify = format!("NOTIFY {CHANNEL}, '{heartbeat}'");
            listener.execute(AssertSqlSafe(notify)).await.map_err(away)?;
            continue;
        };
        let Some(told) = told.map_err(away)? else {
            return Err(Error::Unavailable("the listening connection was closed".into()));
        };
        match told.payload() {
            own if own == heartbeat => return Ok(Heard::Heartbeat),
            other if other.starts_with(HEARTBEAT) => {}
            EVERYTHING => return Ok(Heard::Ended(Revocation::Everything)),
            ticket => return Ok(Heard::Ended(Revocation::Ticket(ticket.to_owned()))),
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
