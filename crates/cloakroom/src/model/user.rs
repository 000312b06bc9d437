//! A person with an account. A row means that the address is proven.

use crate::clock::Timestamp;
use crate::model::email::Email;
use crate::secret;

/// A person with an account, as storage knows them.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) is_active: bool,
    pub(crate) is_staff: bool,
    pub(crate) is_superuser: bool,
    pub(crate) date_joined: Timestamp,
    pub(crate) last_login: Option<Timestamp>,
}

impl Account {
    /// Makes an active account without special rights.
    pub(crate) fn new(email: &Email, password_hash: Option<String>, now: Timestamp) -> Self {
        Self {
            id: secret::new_id(now),
            email: email.spelling().to_owned(),
            password_hash,
            is_active: true,
            is_staff: false,
            is_superuser: false,
            date_joined: now,
            last_login: None,
        }
    }

    /// Returns the part of the account that may be shown.
    pub(crate) fn user(&self) -> User {
        User {
            id: self.id.clone(),
            email: self.email.clone(),
            is_staff: self.is_staff,
            is_superuser: self.is_superuser,
            date_joined: self.date_joined,
            has_password: self.password_hash.is_some(),
        }
    }
}

/// The person who is signed in: an extractor in handlers, and `user` in replies.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
#[non_exhaustive]
pub struct User {
    /// The account's id, a `UUIDv7`.
    pub id: String,
    /// The address as its owner spelled it.
    pub email: String,
    /// May see the administration.
    pub is_staff: bool,
    /// May do everything.
    pub is_superuser: bool,
    /// The time at which the account was made.
    #[schema(value_type = String, format = DateTime)]
    pub date_joined: Timestamp,
    /// True if the account can sign in by password.
    pub has_password: bool,
}

impl User {
    /// Returns the part that `GET /api/users/profile/` shows.
    pub(crate) fn profile(&self) -> Profile<'_> {
        Profile { id: &self.id, email: &self.email, is_staff: self.is_staff, is_superuser: self.is_superuser }
    }
}

/// The part of the signed-in user's account that every app may show.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Profile<'a> {
    /// The account's id, a `UUIDv7`.
    id: &'a str,
    /// The address as its owner spelled it.
    email: &'a str,
    /// May see the administration.
    is_staff: bool,
    /// May do everything.
    is_superuser: bool,
}
