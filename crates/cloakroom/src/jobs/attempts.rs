//! Writes failed sign-in attempts, as events.

use std::time::Duration;

use crate::context::Context;

/// The pause between two transactions: failures of that time are written together.
const PAUSE: Duration = Duration::from_millis(50);
/// The wait before a retry when storage was away.
const RETRY: Duration = Duration::from_secs(1);

/// Writes until the cloakroom is gone. Between two transactions the job keeps nothing of it alive.
pub(crate) async fn run(upgrade: impl Fn() -> Option<Context>) {
    loop {
        let Some(attempts) = upgrade().map(|context| context.attempts().clone()) else { return };
        attempts.wait().await;
        loop {
            let Some(context) = upgrade() else { return };
            let Err(error) = attempts.write(context.store()).await else { break };
            tracing::warn!(error = error.with_causes(), "failed sign-ins could not be recorded");
            drop(context);
            tokio::time::sleep(RETRY).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
