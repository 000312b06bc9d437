//! The migration of the comparison form of addresses: older versions used lower case instead of case folding.

use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::store::Store;
use crate::store::db::query;

impl Store {
    /// Gives each account whose address is not ASCII today's comparison form. Where another account has that form already, both
    /// stay as they are. Each is found by its own spelling.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when storage does not answer.
    pub(crate) async fn fold_addresses(&self) -> Result<()> {
        // The condition repeats the words of the index `users_beyond_ascii`.
        let rows = query(
            "SELECT id, email, email_canonical FROM cloakroom_users
             WHERE length(email_canonical) <> octet_length(email_canonical)",
        )
        .all::<(String, String, String)>(&self.db)
        .await?;
        for (id, spelling, stored) in rows {
            let Some(email) = Email::parse(&spelling).filter(|email| email.canonical() != stored) else {
                continue;
            };
            let mut tx = self.begin().await?;
            let folded = query(
                "UPDATE cloakroom_users SET email_canonical = $3 WHERE id = $1 AND email_canonical = $2
                 AND NOT EXISTS (SELECT 1 FROM cloakroom_users WHERE email_canonical = $3)",
            )
            .bind(id)
            .bind(stored)
            .bind(email.canonical())
            .execute(&mut tx)
            .await;
            match folded {
                Ok(_) => tx.commit().await?,
                // Another process was first.
                Err(Error::AlreadyExists(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }
}
