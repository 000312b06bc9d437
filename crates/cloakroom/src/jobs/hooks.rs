//! Runs the hooks of an embedding app: each gets every event, in order, at least once.
//!
//! One process at a time has the lease of a hook. It handles one event after the other, and records each once the handler has
//! returned `Ok`. A process that dies loses the lease, and another one goes on with the event that was not recorded.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Cause, Error, Invalid, Result, with_causes};
use crate::flow::admin::events::{self, Begin, EventView, Events};
use crate::secret;
use crate::store::{Lease, LeasedCursor};

/// The interval at which events are looked for when the bell does not ring: other processes record events as well.
const PERIOD: Duration = Duration::from_secs(1);
/// The time after which a lease expires unless it is renewed.
const LEASE: Duration = Duration::from_secs(8);
/// The interval at which a process that runs a hook renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// The time that a handler has for one event.
const PATIENCE: Duration = Duration::from_mins(5);
/// The longest wait after a failure. The first wait is a second, and each is twice the one before.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The number of events that are read at once.
const BATCH: i64 = 100;

type Handled = std::result::Result<(), Cause>;
type Handler = dyn Fn(EventView) -> Pin<Box<dyn Future<Output = Handled> + Send>> + Send + Sync;

impl Events {
    /// Runs `handler` for every event from now on, one at a time, in order, until the cloakroom is closed.
    ///
    /// Cloakroom keeps how far the hook of this `name` has come: a later start goes on there. Of several processes that run the
    /// same hook, one at a time does. An event is handled again when the handler returned an error or panicked, when it took
    /// longer than five minutes, and when the process ended before the result was recorded. So a handler must bear the same
    /// event twice: [`EventView::id`] is the same then. After a failure the hook waits, from a second up to a minute; later
    /// events wait behind it.
    ///
    /// A handler of another process may begin while this one is cut off from storage: after eight seconds it is dropped here.
    ///
    /// # Errors
    /// [`Error::Validation`] for a name that is not 1 to 63 small letters, digits and hyphens, beginning with a letter or digit;
    /// [`Error::AlreadyExists`] when this process runs a hook of that name.
    pub async fn hook<F, R>(&self, name: &str, begin: Begin, handler: F) -> Result<()>
    where
        F: Fn(EventView) -> R + Send + Sync + 'static,
        R: Future<Output = std::result::Result<(), Cause>> + Send + 'static,
    {
        if !is_name(name) {
            let detail = "a hook's name is 1 to 63 of a-z, 0-9 and -, and does not begin with -";
            return Err(Invalid::new("name", "invalid", detail).into());
        }
        let context = self.context();
        add(context, name, begin).await?;
        let hook = Hook {
            name: name.to_owned(),
            holder: secret::nonce(),
            handler: Arc::new(move |event| Box::pin(handler(event))),
            stop: context.hooks().stop_signal(),
        };
        context.hooks().start(name, run(hook, context.downgrade(), context.store().bell()))
    }
}

fn is_name(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(is_sign) && !name.starts_with('-')
}

/// Adds the cursor of a hook whose name is new.
async fn add(context: &Context, name: &str, begin: Begin) -> Result<()> {
    let position = match begin {
        Begin::Now => Events::new(context.clone()).newest().await?.number(),
        Begin::Oldest => context.store().feed().await?.swept,
    };
    let now = database_time(context).await?;
    let mut tx = context.store().begin().await?;
    tx.add_hook(name, position, now).await?;
    tx.commit().await
}

/// Returns the time by the clock that all processes share, so that none takes a lease early.
async fn database_time(context: &Context) -> Result<Timestamp> {
    Ok(context.clock().turned(context.store().now().await?))
}

/// A hook that this process runs.
struct Hook {
    name: String,
    /// A nonce of this process.
    holder: String,
    handler: Arc<Handler>,
    stop: watch::Receiver<bool>,
}

/// Runs a hook until the cloakroom is closed or gone. Between two rounds it keeps nothing of the cloakroom alive.
async fn run(hook: Hook, upgrade: impl Fn() -> Option<Context>, mut bell: watch::Receiver<()>) {
    let mut stop = hook.stop.clone();
    loop {
        let Some(context) = upgrade() else { return };
        if let Err(error) = Box::pin(hook.catch_up(&context)).await {
            tracing::warn!(hook = hook.name, error = error.with_causes(), "the hook cannot go on");
        }
        drop(context);
        tokio::select! {
            // Signalled by `close`, or dropped with the last clone.
            _ = stop.wait_for(|is_over| *is_over) => return,
            _ = timeout(PERIOD, bell.changed()) => {}
        }
    }
}

impl Hook {
    fn lease(&self) -> Lease<'_> {
        Lease { name: &self.name, holder: &self.holder }
    }

    /// Handles what has happened since the last event that was handled, if this process gets the lease.
    async fn catch_up(&self, context: &Context) -> Result<()> {
        let store = context.store();
        events::place(store).await?;
        let Some(due_at) = store.hook_due(&self.name).await? else { return Ok(()) };
        let now = database_time(context).await?;
        if now < due_at {
            return Ok(());
        }
        let mut tx = store.begin().await?;
        let leased = tx.lease_hook(&self.lease(), now, LEASE).await?;
        tx.commit().await?;
        let Some(cursor) = leased else { return Ok(()) };
        tokio::select! {
            handled = self.handle_all(context, cursor) => handled,
            () = self.lose_lease(context) => {
                tracing::warn!(hook = self.name, "the lease of the hook was lost: its event will be handled again");
                Ok(())
            }
        }
    }

    /// Handles events until there are no more, one fails, or the hook is to end. Then it ends the lease.
    async fn handle_all(&self, context: &Context, cursor: LeasedCursor) -> Result<()> {
        let LeasedCursor { mut position, mut attempts } = cursor;
        if position < context.store().feed().await?.swept {
            tracing::error!(
                hook = self.name,
                "events were removed by audit.keep before the hook has handled them"
            );
        }
        loop {
            let page = context.store().events_after(position, BATCH).await?;
            if page.is_empty() {
                return self.release(context, 0, Duration::ZERO).await;
            }
            for (next, event) in page {
                if *self.stop.borrow() {
                    return self.release(context, attempts, Duration::ZERO).await;
                }
                let id = event.id.clone();
                if let Err(reason) = self.handle(event).await {
                    attempts += 1;
                    let hook = &self.name;
                    tracing::warn!(hook, event_id = id, attempts, error = reason, "the hook has failed");
                    return self.release(context, attempts, wait_after(attempts)).await;
                }
                let mut tx = context.store().begin().await?;
                let is_held = tx.advance_hook(&self.lease(), next).await?;
                tx.commit().await?;
                if !is_held {
                    return Ok(());
                }
                (position, attempts) = (next, 0);
            }
        }
    }

    /// Runs the handler in a task of its own, where it may panic. When this future is dropped, the task ends with it.
    async fn handle(&self, event: EventView) -> std::result::Result<(), String> {
        let handler = Arc::clone(&self.handler);
        let mut task = JoinSet::new();
        task.spawn(async move { handler(event).await });
        let result = match timeout(PATIENCE, task.join_next()).await {
            Ok(Some(Ok(Ok(())))) => Ok(()),
            Ok(Some(Ok(Err(cause)))) => Err(with_causes(&*cause)),
            Ok(Some(Err(panic))) => Err(panic.to_string()),
            Ok(None) | Err(_) => Err(format!("the handler took longer than {PATIENCE:?}")),
        };
        let outcome = if result.is_ok() { "handled" } else { "failed" };
        metrics::counter!("cloakroom_hook_events_total", "hook" => self.name.clone(), "outcome" => outcome)
            .increment(1);
        result
    }

    /// Renews the lease while events are handled. Returns when another process has it, or may have it.
    async fn lose_lease(&self, context: &Context) {
        let mut renewed = Instant::now();
        while renewed.elapsed() + HEARTBEAT < LEASE {
            tokio::time::sleep(HEARTBEAT).await;
            let start = Instant::now();
            let held = async {
                let now = database_time(context).await?;
                let mut tx = context.store().begin().await?;
                let is_held = tx.hold_hook(&self.lease(), now, LEASE).await?;
                tx.commit().await?;
                Ok::<_, Error>(is_held)
            };
            match timeout(HEARTBEAT, held).await {
                Ok(Ok(true)) => renewed = start,
                Ok(Ok(false)) => return,
                // Storage is away. The lease lasts for a while yet.
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    /// Ends the lease. Any process may go on after `wait`.
    async fn release(&self, context: &Context, attempts: i64, wait: Duration) -> Result<()> {
        let due_at = database_time(context).await?.plus(wait);
        let mut tx = context.store().begin().await?;
        tx.release_hook(&self.lease(), attempts, due_at).await?;
        tx.commit().await
    }
}

fn wait_after(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    LONGEST_WAIT.min(Duration::from_secs(1 << doublings))
}
