//! Storage: one file per table, one dialect, two engines. Only this folder names sqlx.

#[cfg(feature = "sqlite")]
mod backup;
mod browsers;
mod certificate;
mod challenge_rows;
mod challenges;
mod clock;
mod codes;
mod db;
mod development;
mod event_cursors;
mod event_feed;
mod events;
mod folding;
mod identities;
mod limits;
mod mailbox;
mod migrations;
mod outbox;
#[cfg(feature = "postgres")]
mod postgres;
mod readiness;
mod reservations;
mod revocations;
mod sessions;
#[cfg(feature = "sqlite")]
mod sqlite;
mod users;
mod validate;
mod value;

use tokio::sync::watch;

use crate::config::AddressDetail;
use crate::error::Result;
#[cfg(feature = "sqlite")]
pub(crate) use backup::{backup, restore};
pub(crate) use challenges::Renewal;
use db::Db;
pub(crate) use db::Tx;
pub(crate) use event_cursors::{Lease, LeasedCursor};
use events::{Numbers, Recorded};
#[cfg(feature = "testing")]
pub(crate) use mailbox::KeptMail;
pub(crate) use outbox::{LeasedMail, MOST_BUSY, NewMail};
#[cfg(feature = "postgres")]
pub(crate) use postgres::warnings;
pub(crate) use readiness::Readiness;
pub(crate) use revocations::{Heard, Revocation};
pub(crate) use validate::validate;

/// Returns no warnings: a SQLite file is on this machine.
#[cfg(not(feature = "postgres"))]
pub(crate) fn warnings(_: &crate::config::Database) -> Vec<crate::config::Complaint> {
    Vec::new()
}

/// The handle of all storage.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    /// The detail of a client's address that events keep.
    address: AddressDetail,
    numbers: Numbers,
    /// Rings when a transaction of this process has committed an event.
    bell: watch::Sender<()>,
}

impl Store {
    /// Opens the database that `url` names, and brings its schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let (address, numbers) = (AddressDetail::default(), Numbers::default());
        Ok(Self { db: Db::open(url).await?, address, numbers, bell: watch::Sender::new(()) })
    }

    /// Limits the detail of a client's address in events.
    pub(crate) fn keeping(self, address: AddressDetail) -> Self {
        Self { address, ..self }
    }

    /// Returns the bell that rings when this process has committed an event. Other processes do not ring it.
    pub(crate) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// Begins a write transaction, which is rolled back unless it is committed.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let recorded = Recorded::new(self.address, self.numbers.clone(), self.bell.clone());
        Ok(Tx { engine: self.db.begin().await?, recorded })
    }

    /// Closes every connection.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}
