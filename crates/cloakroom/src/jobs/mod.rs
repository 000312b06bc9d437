//! What runs beside the requests: hearing of sessions that ended elsewhere, sending mail, and sweeping out what has expired.

mod letter;
mod outbox;
mod sweep;

#[cfg(feature = "testing")]
pub(crate) use sweep::sweep;

use std::time::Duration;

use tokio::sync::watch;

use crate::cloakroom::Cloakroom;
use crate::secret::TicketHash;
use crate::store::{Revocation, Store};

/// After a broken connection, how long until the next try.
const RETRY: Duration = Duration::from_millis(500);

/// Starts the jobs; they end with the cloakroom.
pub(crate) fn start(cloakroom: &Cloakroom, mut end: watch::Receiver<()>) {
    let store = cloakroom.store().clone();
    let upgrade = cloakroom.downgrade();
    let upgrade_for_sweep = cloakroom.downgrade();
    let upgrade_for_outbox = cloakroom.downgrade();
    tokio::spawn(async move {
        tokio::select! {
            // The sender is never used, only dropped.
            _ = end.changed() => {}
            () = hear_revocations(store, upgrade) => {}
            () = sweep::run(upgrade_for_sweep) => {}
            () = outbox::run(upgrade_for_outbox) => {}
        }
    });
}

/// Keeps the session cache honest. While nothing can be heard, the cache is not used.
async fn hear_revocations(store: Store, upgrade: impl Fn() -> Option<Cloakroom>) {
    loop {
        if let Ok(mut revocations) = store.revocations().await {
            let Some(cloakroom) = upgrade() else { return };
            cloakroom.sessions().set_hearing(true);
            drop(cloakroom);
            loop {
                let heard = revocations.next().await;
                let Some(cloakroom) = upgrade() else { return };
                match heard {
                    Ok(Revocation::Ticket(text)) => {
                        if let Some(ticket) = TicketHash::from_text(&text) {
                            cloakroom.sessions().forget(ticket);
                        }
                    }
                    Ok(Revocation::Everything) => cloakroom.sessions().forget_all(),
                    Err(error) => {
                        cloakroom.sessions().set_hearing(false);
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
