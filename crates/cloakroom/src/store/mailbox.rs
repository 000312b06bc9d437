//! Mails that are kept instead of sent. `cloakroom dev` and tests read them.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::message::Message;
use crate::store::Store;
use crate::store::db::query;

/// The most mails that are kept.
const MOST: i64 = 500;

/// A mail in the mailbox.
#[derive(sqlx::FromRow)]
pub(crate) struct KeptMail {
    pub(crate) id: String,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) body_text: String,
    pub(crate) body_html: String,
    created_at: i64,
}

impl KeptMail {
    pub(crate) fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }
}

impl Store {
    /// Keeps a mail. A mail with the same id that is kept already stays as it is.
    pub(crate) async fn keep_mail(&self, message: &Message<'_>) -> Result<()> {
        let mut tx = self.begin().await?;
        query(
            "INSERT INTO cloakroom_mailbox (id, recipient, subject, body_text, body_html, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(message.id)
        .bind(message.to)
        .bind(message.rendered.subject.as_str())
        .bind(message.rendered.text.as_str())
        .bind(message.rendered.html.as_str())
        .bind(message.created_at)
        .execute(&mut tx)
        .await?;
        query(
            "DELETE FROM cloakroom_mailbox WHERE id IN
             (SELECT id FROM cloakroom_mailbox ORDER BY created_at DESC, id DESC LIMIT 1000 OFFSET $1)",
        )
        .bind(MOST)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Returns all mails that are kept, newest first.
    pub(crate) async fn kept_mails(&self) -> Result<Vec<KeptMail>> {
        query(
            "SELECT id, recipient, subject, body_text, body_html, created_at FROM cloakroom_mailbox
             ORDER BY created_at DESC, id DESC",
        )
        .all(&self.db)
        .await
    }
}
