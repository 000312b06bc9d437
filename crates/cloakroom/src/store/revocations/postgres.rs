//! Revocations on Postgres: `LISTEN` and `NOTIFY` report them when their transaction commits.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::timeout;

use super::{CHANNEL, EVERYTHING, Heard, Revocation, away};
use crate::error::{Error, Result};
use crate::secret;
use crate::store::db::PATIENCE;

/// The interval at which a listener sends itself a heartbeat. A heartbeat that comes back proves that all earlier notifications
/// have arrived. Postgres delivers notifications in the order of their commits.
const BEAT: Duration = Duration::from_millis(500);
/// The first character of a heartbeat's payload; the listener's own id follows. No ticket hash contains it.
const HEARTBEAT: char = '.';

/// A connection that receives revocations, and sends itself heartbeats.
pub(super) struct Listener {
    connection: Box<PgListener>,
    heartbeat: String,
    sent: Instant,
}

impl Listener {
    pub(super) async fn open(pool: &PgPool) -> Result<Self> {
        // A pool of its own: the connection of a listener that died silently may never return to its pool.
        let own = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let own = own.connect_lazy_with((*pool.connect_options()).clone());
        let mut listener = PgListener::connect_with(&own).await.map_err(away)?;
        // A broken connection is reported, instead of being reopened silently.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(away)?;
        let heartbeat = format!("{HEARTBEAT}{}", secret::nonce());
        Ok(Self { connection: Box::new(listener), heartbeat, sent: Instant::now() })
    }

    pub(super) async fn next(&mut self) -> Result<Heard> {
        next_notification(&mut self.connection, &self.heartbeat, &mut self.sent).await
    }
}

/// Sends heartbeats when they are due, until a notification arrives.
async fn next_notification(listener: &mut PgListener, heartbeat: &str, sent: &mut Instant) -> Result<Heard> {
    loop {
        let Ok(told) = timeout(BEAT.saturating_sub(sent.elapsed()), listener.try_recv()).await else {
            *sent = Instant::now();
            // The listening connection sends it, so it comes back after all earlier notifications. A connection that has died
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
