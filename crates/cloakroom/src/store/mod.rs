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

use crate::config::AddressDetail;
use crate::error::Result;
#[cfg(feature = "sqlite")]
pub(crate) use backup::{backup, restore};
pub(crate) use challenges::Renewal;
use db::Db;
pub(crate) use db::Tx;
use events::Recorded;
#[cfg(feature = "testing")]
pub(crate) use mailbox::KeptMail;
pub(crate) use outbox::{LeasedMail, MOST_BUSY, NewMail};
#[cfg(feature = "postgres")]
pub(crate) use postgres::warnings;
pub(crate) use readiness::Readiness;
pub(crate) use revocations::{Heard, Revocation};
pub(crate) use validate::validate;

/// Has nothing to warn of: a SQLite file is on this machine.
#[cfg(not(feature = "postgres"))]
pub(crate) fn warnings(_: &crate::config::Database) -> Vec<crate::config::Complaint> {
    Vec::new()
}

/// The way to everything that is kept.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
    /// How much of a client's address events keep.
    address: AddressDetail,
}

impl Store {
    /// Opens what `url` names, and brings its schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self { db: Db::open(url).await?, address: AddressDetail::default() })
    }

    /// Keeps only so much of a client's address in events.
    pub(crate) fn keeping(self, address: AddressDetail) -> Self {
        Self { address, ..self }
    }

    /// Begins a write; without a commit it never was.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(Tx { engine: self.db.begin().await?, recorded: Recorded::new(self.address) })
    }

    /// Lets go of every connection.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}
