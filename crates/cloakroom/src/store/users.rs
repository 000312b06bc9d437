//! The table `users`.

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::user::Account;
use crate::store::db::{locking, query};
use crate::store::{Store, Tx};

/// Every column that a [`Row`] has, of the table under the given name.
#[rustfmt::skip]
macro_rules! columns {
    ($users:literal) => {
        concat!(
            $users, ".id, ", $users, ".email, ", $users, ".password_hash, ", $users, ".is_active, ",
            $users, ".is_staff, ", $users, ".is_superuser, ", $users, ".date_joined, ", $users, ".last_login",
        )
    };
}

pub(super) use columns;

/// A row of `users`.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) password_hash: Option<String>,
    pub(super) is_active: bool,
    pub(super) is_staff: bool,
    pub(super) is_superuser: bool,
    pub(super) date_joined: i64,
    pub(super) last_login: Option<i64>,
}

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            email: row.email,
            password_hash: row.password_hash,
            is_active: row.is_active,
            is_staff: row.is_staff,
            is_superuser: row.is_superuser,
            date_joined: Timestamp::from_millis(row.date_joined),
            last_login: row.last_login.map(Timestamp::from_millis),
        }
    }
}

impl Store {
    /// Returns the account of an address, in any spelling of it. The form of older versions comes first. So two accounts that
    /// they kept apart, and that fold to one form today, are both still found.
    pub(crate) async fn account_by_email(&self, email: &Email) -> Result<Option<Account>> {
        let row = query(concat!(
            "SELECT ",
            columns!("cloakroom_users"),
            " FROM cloakroom_users WHERE email_canonical IN ($1, $2) ORDER BY email_canonical = $1 DESC LIMIT 1",
        ))
        .bind(email.lower())
        .bind(email.canonical())
        .optional::<Row>(&self.db)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Returns the account with this id.
    pub(crate) async fn account(&self, id: &str) -> Result<Option<Account>> {
        let row =
            query(concat!("SELECT ", columns!("cloakroom_users"), " FROM cloakroom_users WHERE id = $1"))
                .bind(id)
                .optional::<Row>(&self.db)
                .await?;
        Ok(row.map(Into::into))
    }

    /// Returns at most `most` accounts with ids above `after`. Ids are UUIDv7, so the oldest come first.
    pub(crate) async fn accounts_after(&self, after: &str, most: i64) -> Result<Vec<Account>> {
        let rows = query(concat!(
            "SELECT ",
            columns!("cloakroom_users"),
            " FROM cloakroom_users WHERE id > $1 ORDER BY id LIMIT $2"
        ))
        .bind(after)
        .bind(most)
        .all::<Row>(&self.db)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

impl Tx {
    /// Adds an account.
    ///
    /// # Errors
    /// [`crate::Error::AlreadyExists`] when the address, in any spelling, has one, or is reserved for one.
    pub(crate) async fn add_account(&mut self, account: &Account, email: &Email) -> Result<()> {
        if self.is_reserved(email, &account.id, account.date_joined).await? {
            return Err(Error::AlreadyExists("a reserved address".to_owned()));
        }
        query(
            "INSERT INTO cloakroom_users
                 (id, email, email_canonical, password_hash, is_active, is_staff, is_superuser, date_joined)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&*account.id)
        .bind(email.spelling())
        .bind(email.canonical())
        .bind(account.password_hash.clone())
        .bind(account.is_active)
        .bind(account.is_staff)
        .bind(account.is_superuser)
        .bind(account.date_joined)
        .execute(self)
        .await?;
        Ok(())
    }

    /// Records a sign-in. After one by password, it stores the upgraded hash when there is one.
    ///
    /// The row changes only while the account is active and its password is still the one that was verified. A deactivation or
    /// a change of password that came first wins, and a later one waits for this row.
    pub(crate) async fn note_login(
        &mut self,
        id: &str,
        verified_hash: Option<String>,
        upgrade: Option<String>,
        now: Timestamp,
    ) -> Result<bool> {
        let touched = query(
            "UPDATE cloakroom_users SET last_login = $3, password_hash = COALESCE($4, password_hash)
             WHERE id = $1 AND is_active AND password_hash IS NOT DISTINCT FROM COALESCE($2, password_hash)",
        )
        .bind(id)
        .bind(verified_hash)
        .bind(now)
        .bind(upgrade)
        .execute(self)
        .await?;
        Ok(touched.0 == 1)
    }

    /// Locks an account until this transaction ends, and tells whether it exists and is active. Changes of its password or
    /// address, ends of its sessions and new challenges run one after the other. This lock comes first in the lock order of the
    /// account's rows, so that no two transactions deadlock.
    pub(crate) async fn hold_account(&mut self, id: &str) -> Result<bool> {
        Ok(self.lock_account(id).await?.is_some_and(|account| account.is_active))
    }

    /// Returns the account of an address, as [`Store::account_by_email`] finds it. It cannot be deleted before this transaction
    /// ends.
    pub(crate) async fn account_by_email(&mut self, email: &Email) -> Result<Option<Account>> {
        let row = query(locking!(
            self,
            concat!(
                "SELECT ",
                columns!("cloakroom_users"),
                " FROM cloakroom_users
                  WHERE email_canonical IN ($1, $2) ORDER BY email_canonical = $1 DESC LIMIT 1"
            ),
            "FOR KEY SHARE",
            "",
        ))
        .bind(email.lower())
        .bind(email.canonical())
        .optional::<Row>(self)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Returns the account that a pending challenge belongs to. It cannot be deleted before this transaction ends.
    pub(crate) async fn account_of_challenge(
        &mut self,
        challenge_id: &str,
        now: Timestamp,
    ) -> Result<Option<Account>> {
        let row = query(locking!(
            self,
            concat!(
                "SELECT ",
                columns!("cloakroom_users"),
                " FROM cloakroom_users
              WHERE id = (SELECT user_id FROM cloakroom_challenges WHERE id = $1 AND expires_at > $2)"
            ),
            "FOR KEY SHARE",
            "",
        ))
        .bind(challenge_id)
        .bind(now)
        .optional::<Row>(self)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Replaces the password of an active account if its address is still the one that was proven. Tells whether it was.
    pub(crate) async fn reset_password(&mut self, id: &str, proven: &Email, hash: &str) -> Result<bool> {
        let reset = query(
            "UPDATE cloakroom_users SET password_hash = $3 WHERE id = $1 AND is_active AND email_canonical IN ($2, $4)",
        )
        .bind(id)
        .bind(proven.canonical())
        .bind(hash)
        .bind(proven.lower())
        .execute(self)
        .await?;
        Ok(reset.0 == 1)
    }

    /// Replaces the password.
    pub(crate) async fn set_password(&mut self, id: &str, hash: &str) -> Result<()> {
        query("UPDATE cloakroom_users SET password_hash = $2 WHERE id = $1")
            .bind(id)
            .bind(hash)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Replaces the password of an active account if it is still the one that was verified. Tells whether it was.
    pub(crate) async fn change_password(
        &mut self,
        id: &str,
        verified_hash: &str,
        hash: &str,
    ) -> Result<bool> {
        let changed =
            query("UPDATE cloakroom_users SET password_hash = $3 WHERE id = $1 AND is_active AND password_hash = $2")
                .bind(id)
                .bind(verified_hash)
                .bind(hash)
                .execute(self)
                .await?;
        Ok(changed.0 == 1)
    }

    /// Locks an account until the end of the transaction, so that decisions about it stay true. Returns that account.
    pub(crate) async fn lock_account(&mut self, id: &str) -> Result<Option<Account>> {
        let row = query(concat!(
            "UPDATE cloakroom_users SET is_active = is_active WHERE id = $1 RETURNING ",
            columns!("cloakroom_users"),
        ))
        .bind(id)
        .optional::<Row>(self)
        .await?;
        Ok(row.map(Into::into))
    }

    /// Removes the password: nobody signs in by one until another is set.
    pub(crate) async fn void_password(&mut self, id: &str) -> Result<()> {
        query("UPDATE cloakroom_users SET password_hash = NULL WHERE id = $1").bind(id).execute(self).await?;
        Ok(())
    }

    /// Gives an account another address.
    ///
    /// # Errors
    /// [`crate::Error::AlreadyExists`] when the address, in any spelling, has another account.
    pub(crate) async fn set_email(&mut self, id: &str, email: &Email) -> Result<()> {
        query("UPDATE cloakroom_users SET email = $2, email_canonical = $3 WHERE id = $1")
            .bind(id)
            .bind(email.spelling())
            .bind(email.canonical())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Activates or deactivates an account.
    pub(crate) async fn set_active(&mut self, id: &str, is_active: bool) -> Result<()> {
        query("UPDATE cloakroom_users SET is_active = $2 WHERE id = $1")
            .bind(id)
            .bind(is_active)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Gives or takes the right to administrate.
    pub(crate) async fn set_rank(&mut self, id: &str, is_staff: bool, is_superuser: bool) -> Result<()> {
        query("UPDATE cloakroom_users SET is_staff = $2, is_superuser = $3 WHERE id = $1")
            .bind(id)
            .bind(is_staff)
            .bind(is_superuser)
            .execute(self)
            .await?;
        Ok(())
    }

    /// Removes an account; its sessions go with it.
    pub(crate) async fn delete_account(&mut self, id: &str) -> Result<()> {
        query("DELETE FROM cloakroom_users WHERE id = $1").bind(id).execute(self).await?;
        Ok(())
    }
}
