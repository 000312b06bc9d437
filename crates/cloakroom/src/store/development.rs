//! The mark of a database that `cloakroom dev` made: its users have a password that everyone knows.

use crate::error::Result;
use crate::store::db::query;
use crate::store::{Store, Tx};

impl Store {
    /// Tells whether `cloakroom dev` made this database.
    pub(crate) async fn is_development(&self) -> Result<bool> {
        Ok(query("SELECT mark FROM cloakroom_development").optional::<(i32,)>(&self.db).await?.is_some())
    }
}

impl Tx {
    /// Marks an empty database as made by `cloakroom dev`. Tells whether it is marked now.
    pub(crate) async fn mark_development(&mut self) -> Result<bool> {
        let marked = query(
            "INSERT INTO cloakroom_development (mark) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM cloakroom_users)
             ON CONFLICT (mark) DO NOTHING RETURNING mark",
        )
        .optional::<(i32,)>(self)
        .await?;
        Ok(marked.is_some())
    }
}
