//! Postgres tells of revocations by `LISTEN` and `NOTIFY`, when their transaction commits.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::timeout;

use super::{CHANNEL, EVERYTHING, Heard, Revocation, away};
use crate::error::{Error, Result};
use crate::secret;
use crate::store::db::PATIENCE;

/// How often a listener sends itself a heartbeat. One that comes back proves that all before it has been heard: Postgres
/// delivers notifications in the order of their commits.
const BEAT: Duration = Duration::from_millis(500);
/// The first sign of a heartbeat's payload; the listener's own id follows. No ticket hash has it.
const HEARTBEAT: char = '.';

/// A connection that is told of revocations, and sends itself heartbeats.
pub(super) struct Listener {
    connection: Box<PgListener>,
    heartbeat: String,
    sent: Instant,
}

impl Listener {
    pub(super) async fn open(pool: &PgPool) -> Result<Self> {
        // A pool of its own: the connection of a listener that died silently may be waited for in vain.
        let own = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let own = own.connect_lazy_with((*pool.connect_options()).clone());
        let mut listener = PgListener::connect_with(&own).await.map_err(away)?;
        // A connection that breaks is told, instead of being opened anew in silence.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(away)?;
        let heartbeat = format!("{HEARTBEAT}{}", secret::nonce());
        Ok(Self { connection: Box::new(listener), heartbeat, sent: Instant::now() })
    }

    pub(super) async fn next(&mut self) -> Result<Heard> {
        next_notification(&mut self.connection, &self.heartbeat, &mut self.sent).await
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
