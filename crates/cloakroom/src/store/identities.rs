//! The tables `identities` and `provider_issuers`.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::social::{Identity, Origin};
use crate::store::db::query;
use crate::store::{Store, Tx};

/// A row of `identities`.
#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    user_id: String,
    provider: String,
    issuer: Option<String>,
    subject: String,
    label: String,
    linked_at: i64,
    origin: Option<String>,
    vouched_email: Option<String>,
}

impl From<Row> for Identity {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            provider: row.provider,
            issuer: row.issuer,
            subject: row.subject,
            label: row.label,
            linked_at: Timestamp::from_millis(row.linked_at),
            origin: row.origin.as_deref().and_then(Origin::from_text),
            vouched_email: row.vouched_email,
        }
    }
}

impl Store {
    /// Returns the identity of a provider's subject, which is compared to the byte.
    pub(crate) async fn identity(&self, provider: &str, subject: &str) -> Result<Option<Identity>> {
        let row = query(
            "SELECT id, user_id, provider, issuer, subject, label, linked_at, origin, vouched_email
             FROM cloakroom_identities
             WHERE provider = $1 AND subject = $2",
        )
        .bind(provider)
        .bind(subject)
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Returns the issuer under which a provider was started last.
    pub(crate) async fn provider_issuer(&self, provider: &str) -> Result<Option<String>> {
        let row = query("SELECT issuer FROM cloakroom_provider_issuers WHERE provider = $1").bind(provider);
        Ok(row.optional::<(String,)>(&self.db).await?.map(|(issuer,)| issuer))
    }

    /// Tells whether any account is linked to a provider.
    pub(crate) async fn has_identity_at(&self, provider: &str) -> Result<bool> {
        let row = query("SELECT id FROM cloakroom_identities WHERE provider = $1 LIMIT 1").bind(provider);
        Ok(row.optional::<(String,)>(&self.db).await?.is_some())
    }

    /// Returns the identities of an account, oldest first.
    pub(crate) async fn identities_of(&self, user_id: &str) -> Result<Vec<Identity>> {
        let rows = query(
            "SELECT id, user_id, provider, issuer, subject, label, linked_at, origin, vouched_email
             FROM cloakroom_identities
             WHERE user_id = $1 ORDER BY linked_at, id",
        )
        .bind(user_id)
        .all::<Row>(&self.db)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

impl Tx {
    /// Links an identity.
    ///
    /// # Errors
    /// [`crate::Error::AlreadyExists`] when the provider's subject is linked already, to any account.
    pub(crate) async fn add_identity(&mut self, identity: &Identity) -> Result<()> {
        query(
            "INSERT INTO cloakroom_identities
                 (id, user_id, provider, subject, label, linked_at, last_used_at, origin, vouched_email, issuer)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
        )
        .bind(&*identity.id)
        .bind(&*identity.user_id)
        .bind(&*identity.provider)
        .bind(&*identity.subject)
        .bind(&*identity.label)
        .bind(identity.linked_at)
        .bind(identity.origin.map(|origin| origin.as_str().to_owned()))
        .bind(identity.vouched_email.clone())
        .bind(identity.issuer.clone())
        .execute(self)
        .await?;
        Ok(())
    }

    /// Records the issuer under which a provider is started.
    pub(crate) async fn keep_provider_issuer(&mut self, provider: &str, issuer: &str) -> Result<()> {
        query(
            "INSERT INTO cloakroom_provider_issuers (provider, issuer) VALUES ($1, $2)
             ON CONFLICT (provider) DO UPDATE SET issuer = excluded.issuer",
        )
        .bind(provider)
        .bind(issuer)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Records a use of an identity: its present label, the issuer of its subject, and the address that its provider vouches
    /// for. Tells whether it still belongs to this account.
    pub(crate) async fn use_identity(&mut self, identity: &Identity, now: Timestamp) -> Result<bool> {
        let used = query(
            "UPDATE cloakroom_identities SET label = $3, vouched_email = $4, last_used_at = $5, issuer = $6
             WHERE id = $1 AND user_id = $2",
        )
        .bind(&*identity.id)
        .bind(&*identity.user_id)
        .bind(&*identity.label)
        .bind(identity.vouched_email.clone())
        .bind(now)
        .bind(identity.issuer.clone())
        .execute(self)
        .await?;
        Ok(used.0 == 1)
    }

    /// Keeps the other data of the provider, and its tokens, which are encrypted already.
    pub(crate) async fn keep_extra(
        &mut self,
        identity_id: &str,
        extra: Option<String>,
        tokens: Option<String>,
    ) -> Result<()> {
        query(
            "UPDATE cloakroom_identities SET extra = COALESCE($2, extra), tokens = COALESCE($3, tokens) WHERE id = $1",
        )
        .bind(identity_id)
        .bind(extra)
        .bind(tokens)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Returns the identities of an account, within this transaction.
    pub(crate) async fn identities_of(&mut self, user_id: &str) -> Result<Vec<Identity>> {
        let rows = query(
            "SELECT id, user_id, provider, issuer, subject, label, linked_at, origin, vouched_email
             FROM cloakroom_identities
             WHERE user_id = $1 ORDER BY linked_at, id",
        )
        .bind(user_id)
        .all::<Row>(self)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Unlinks an identity.
    pub(crate) async fn delete_identity(&mut self, id: &str) -> Result<()> {
        query("DELETE FROM cloakroom_identities WHERE id = $1").bind(id).execute(self).await?;
        Ok(())
    }
}
