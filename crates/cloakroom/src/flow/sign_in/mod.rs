//! Signing in and out, and proving one's identity again.
//!
//! Each way in has a file that proves a first factor: `password`, `mailbox`, `provider`, `program`. The proof of a social link
//! (`flow/social/link.rs`) ends in `provider`. All of them continue in `entry`: the stages, one after the other, then the
//! session.

mod entry;
pub(in crate::flow) mod failure;
pub(crate) mod logout;
pub(crate) mod mailbox;
pub(crate) mod password;
pub(crate) mod program;
pub(crate) mod provider;
pub(crate) mod reauthentication;
pub(crate) mod session;
mod stage;

use serde_json::Value;

use crate::error::Error;
use crate::model::user::User;
use crate::secret::Ticket;

/// The outcome of a sign-in.
pub(crate) enum SignIn {
    /// Somebody is signed in.
    Done(SignedIn),
    /// The person must do something first, in this browser. There is no session yet.
    Needs(Pending),
    /// The proof was right, and yet there is no session.
    Refused(Reason),
}

/// An open session under a new ticket.
pub(crate) struct SignedIn {
    pub(crate) ticket: Ticket,
    pub(crate) user: User,
    pub(crate) effect: Effect,
}

/// The change that a sign-in has made besides its session.
#[derive(Clone, Copy)]
pub(crate) enum Effect {
    None,
    /// The account was made just now.
    AccountMade,
    /// The provider's account opens this account from now on.
    IdentityLinked,
}

/// A thing that the person must do before there is a session. `email` is the address in question, as far as one is known.
pub(crate) enum Pending {
    /// Prove the existing account of the address. Then the provider's account is linked to it.
    Link { email: Option<String> },
    /// Give an address and prove it.
    Email { email: Option<String> },
    /// Answer a step of the embedding app.
    Input { email: Option<String>, step: String, asked: Value },
}

/// The reason for a refusal after a proof that was right.
#[derive(Clone, Copy)]
pub(crate) enum Reason {
    AccountInactive,
    /// The password was replaced while it was verified.
    PasswordReplaced,
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::AccountInactive => Self::AccountInactive,
            Reason::PasswordReplaced => Self::InvalidCredentials,
        }
    }
}
