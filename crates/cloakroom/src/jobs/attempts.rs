//! Writes failed sign-in attempts, as events.

use std::time::Duration;

use crate::context::Context;

/// The pause between two transactions: failures of that time are written together.
const PAUSE: Duration = Duration::from_millis(50);
/// The wait before a retry when storage was away.
const RETRY: Duration = Duration::from_secs(1);

/// Writes until the cloakroom is gone.
pub(crate) async fn run(upgrade: impl Fn() -> Option<Context>) {
    loop {
        let Some(attempts) = upgrade().map(|context| context.attempts().clone()) else { return };
        attempts.wait().await;
        let Some(context) = upgrade() else { return };
        let mut written = attempts.write(context.store()).await;
        while let Err(error) = written {
            tracing::warn!(error = error.with_causes(), "failed sign-ins could not be recorded");
            tokio::time::sleep(RETRY).await;
            written = attempts.write(context.store()).await;
        }
        drop(context);
        tokio::time::sleep(PAUSE).await;
    }
}
