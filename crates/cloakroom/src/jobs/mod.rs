//! Background jobs: hear of sessions that ended elsewhere, send mail, run hooks, and sweep out expired rows.

mod attempts;
mod hooks;
mod letter;
mod outbox;
mod sweep;

#[cfg(feature = "testing")]
pub(crate) use sweep::Sweeper;

use std::time::Duration;

use tokio::sync::watch;

use crate::context::Context;
use crate::secret::TicketHash;
use crate::store::{Heard, Revocation, Store};

/// The wait before a retry after a broken connection.
const RETRY: Duration = Duration::from_millis(500);

/// Starts the jobs; they end when the cloakroom is closed, or with its last clone.
pub(crate) fn start(context: &Context, mut end: watch::Receiver<()>) {
    let store = context.store().clone();
    let upgrade = context.downgrade();
    let upgrade_for_sweep = context.downgrade();
    let upgrade_for_outbox = context.downgrade();
    let upgrade_for_attempts = context.downgrade();
    tokio::spawn(async move {
        tokio::select! {
            // Signalled by `close`, or dropped with the last clone.
            _ = end.changed() => {}
            () = hear_revocations(store, upgrade) => {}
            () = sweep::run(upgrade_for_sweep) => {}
            () = outbox::run(upgrade_for_outbox) => {}
            () = attempts::run(upgrade_for_attempts) => {}
        }
    });
}

/// Keeps the session cache valid. While no revocations can be heard, the cache is not used.
async fn hear_revocations(store: Store, upgrade: impl Fn() -> Option<Context>) {
    loop {
        if let Ok(mut revocations) = store.revocations().await {
            let Some(context) = upgrade() else { return };
            context.sessions().set_hearing(true);
            drop(context);
            loop {
                let heard = revocations.next().await;
                let Some(context) = upgrade() else { return };
                let sessions = context.sessions();
                match heard {
                    Ok(Heard::Ended(Revocation::Ticket(text))) => {
                        if let Some(ticket) = TicketHash::from_text(&text) {
                            sessions.forget(ticket);
                        }
                    }
                    Ok(Heard::Ended(Revocation::Everything)) => sessions.forget_all(),
                    // All earlier revocations have been heard, and later ones arrive before the next heartbeat.
                    Ok(Heard::Heartbeat) => sessions.believe(true),
                    Ok(Heard::Nothing) => {
                        sessions.believe(false);
                        tracing::warn!(
                            "the heartbeat of revocations did not come back: cached sessions are not believed until it does"
                        );
                    }
                    Err(error) => {
                        sessions.set_hearing(false);
                        tracing::warn!(
                            error = error.with_causes(),
                            "revocations are not heard: sessions are not cached until they are"
                        );
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
