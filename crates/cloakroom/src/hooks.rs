//! The tasks of hooks, each under its name, and their common end.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// The hooks that this process runs.
pub(crate) struct Hooks {
    stop: watch::Sender<bool>,
    running: Mutex<BTreeMap<String, JoinHandle<()>>>,
}

impl Hooks {
    pub(crate) fn new() -> Self {
        Self { stop: watch::Sender::new(false), running: Mutex::default() }
    }

    /// Returns the signal that becomes true when hooks are to end.
    pub(crate) fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Starts the task of a hook.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] when this process runs a hook of that name.
    pub(crate) fn start(&self, name: &str, task: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        match self.running().entry(name.to_owned()) {
            Entry::Occupied(_) => Err(Error::AlreadyExists(format!("the hook `{name}`"))),
            Entry::Vacant(place) => {
                place.insert(tokio::spawn(task));
                Ok(())
            }
        }
    }

    /// Lets every hook end after the event that it is handling. A hook that takes longer than `patience` is cut off.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.stop.send_replace(true);
        let running = std::mem::take(&mut *self.running());
        let deadline = tokio::time::Instant::now() + patience;
        for (name, mut task) in running {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                tracing::warn!(hook = name, "the hook did not end in time: its event will be handled again");
                task.abort();
            }
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
