//! The end of the process: whatever hangs, it comes in time.
//!
//! A stop has three parts: requests in flight finish, work in the background ends, connections to storage close. Each of
//! them may hang on somebody else. So the whole has one limit, and a thread of its own ends the process when that has
//! passed, even if no other thread moves any more.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use crate::telemetry::log::Log;

/// The signals that stop the process.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes SIGTERM and SIGINT (Ctrl-C) from now on.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The time limit of a stop, divided among its parts.
#[derive(Clone, Copy, Debug)]
pub struct Limit(Duration);

impl Limit {
    /// A stop that takes no longer than that.
    pub fn new(whole: Duration) -> Self {
        Self(whole)
    }

    /// How long requests in flight have: 25 s of 30.
    pub fn for_requests(self) -> Duration {
        self.0 * 5 / 6
    }

    /// Begins the stop: ends the process in time, whatever still runs then.
    pub fn begin(self, log: Log) -> Stop {
        let limit = self.0;
        // Half a second of thirty is left for the last lines.
        let watchdog = std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
            std::thread::sleep(limit * 59 / 60);
            tracing::warn!("something hangs and is left behind");
            log.flush_within(limit / 100);
            std::process::exit(0);
        });
        if let Err(error) = watchdog {
            tracing::warn!(%error, "the stop has no limit");
        }
        Stop { storage_ends: Instant::now() + limit * 14 / 15 }
    }
}

/// A stop under way.
pub struct Stop {
    storage_ends: Instant,
}

impl Stop {
    /// Waits for `storage` to close, in the time that is left.
    pub async fn close(self, storage: impl Future<Output = ()>) {
        let left = self.storage_ends.saturating_duration_since(Instant::now());
        if timeout(left, storage).await.is_err() {
            tracing::warn!("stopped before storage had answered");
        }
    }
}
