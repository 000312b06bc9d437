//! Accounts as an administrator sees them, and accounts about to be added.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::model::user::{Account, User};

/// An account as an administrator sees it.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, shown as four")]
#[non_exhaustive]
pub struct AccountView {
    /// The account's id, a `UUIDv7`.
    pub id: String,
    /// The address as its owner spelled it.
    pub email: String,
    /// Set when the account may sign in.
    pub is_active: bool,
    /// Set when the account may see the administration.
    pub is_staff: bool,
    /// Set when the account may do everything.
    pub is_superuser: bool,
    /// Set when the account can sign in by password.
    pub has_password: bool,
    /// The time at which the account was made.
    pub date_joined: Timestamp,
    /// The time of the last sign-in.
    pub last_login: Option<Timestamp>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            has_password: account.password_hash.is_some(),
            id: account.id,
            email: account.email,
            is_active: account.is_active,
            is_staff: account.is_staff,
            is_superuser: account.is_superuser,
            date_joined: account.date_joined,
            last_login: account.last_login,
        }
    }
}

/// Converts an account to the form in which its owner's session shows it.
impl From<&AccountView> for User {
    fn from(account: &AccountView) -> Self {
        Self {
            id: account.id.clone(),
            email: account.email.clone(),
            is_staff: account.is_staff,
            is_superuser: account.is_superuser,
            date_joined: account.date_joined,
            has_password: account.has_password,
        }
    }
}

/// Some accounts, and the cursor of those that follow.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct AccountPage {
    /// The accounts, oldest first.
    pub accounts: Vec<AccountView>,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
}

/// The rights of an account beyond signing in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rank {
    /// No further rights.
    #[default]
    Plain,
    /// The right to see the administration.
    Staff,
    /// The right to do everything.
    Superuser,
}

impl Rank {
    pub(super) fn flags(self) -> (bool, bool) {
        (self != Self::Plain, self == Self::Superuser)
    }
}

/// An account about to be added.
#[non_exhaustive]
pub struct NewAccount<'a> {
    /// The address, as its owner spells it.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The rights.
    pub rank: Rank,
    /// Set when the account may sign in.
    pub is_active: bool,
}

impl<'a> NewAccount<'a> {
    /// Returns an active account without rights.
    #[must_use]
    pub fn new(email: &'a str, password: &'a str) -> Self {
        Self { email, password, rank: Rank::Plain, is_active: true }
    }

    /// Gives the account a rank.
    #[must_use]
    pub fn rank(mut self, rank: Rank) -> Self {
        self.rank = rank;
        self
    }

    /// Keeps the owner from signing in until the account is activated.
    #[must_use]
    pub fn deactivated(mut self) -> Self {
        self.is_active = false;
        self
    }
}
