//! The stop of the process, which ends in time whatever hangs.
//!
//! A stop has three parts: requests in flight finish, work in the background ends, and connections to storage close.
//! Each of them may hang because another machine does not answer. So one limit applies to the whole stop. A thread of
//! its own ends the process when that limit has passed, even if every other thread is stuck.

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
    /// Handles SIGTERM and SIGINT (Ctrl-C) from now on.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of the signals.
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
    /// Limits the whole stop to `whole`.
    pub fn new(whole: Duration) -> Self {
        Self(whole)
    }

    /// Returns the time for requests in flight: 25 s of 30.
    pub fn for_requests(self) -> Duration {
        self.0 * 5 / 6
    }

    /// Begins the stop, and ends the process in time even if something still runs then.
    pub fn begin(self, log: Log) -> Stop {
        let limit = self.0;
        // Half a second of thirty is left for the last log lines.
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

/// A stop in progress.
pub struct Stop {
    storage_ends: Instant,
}

impl Stop {
    /// Waits for `storage` to close, at most for the time that is left.
    pub async fn close(self, storage: impl Future<Output = ()>) {
        let left = self.storage_ends.saturating_duration_since(Instant::now());
        if timeout(left, storage).await.is_err() {
            tracing::warn!("stopped before storage had answered");
        }
    }
}
