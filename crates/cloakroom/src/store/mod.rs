//! Storage: one file per table, one dialect, two engines. Only this folder names sqlx.

mod browsers;
mod challenges;
mod codes;
mod db;
mod development;
mod folding;
mod identities;
mod limits;
mod mailbox;
mod outbox;
mod revocations;
mod sessions;
mod users;

use crate::error::Result;
pub(crate) use db::Tx;
use db::{Db, query};
#[cfg(feature = "testing")]
pub(crate) use mailbox::KeptMail;
pub(crate) use outbox::{LeasedMail, MOST_BUSY, NewMail};
pub(crate) use revocations::Revocation;

/// The way to everything that is kept.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
}

impl Store {
    /// Opens what `url` names, and brings its schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self { db: Db::open(url).await? })
    }

    /// Begins a write; without a commit it never was.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        self.db.begin().await
    }

    /// Whether storage answers.
    pub(crate) async fn answers(&self) -> bool {
        query("SELECT 1").optional::<(i32,)>(&self.db).await.is_ok()
    }

    /// Lets go of every connection.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}
