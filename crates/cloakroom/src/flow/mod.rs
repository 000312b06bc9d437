//! One file for each action of a person. A flow decides; it knows no HTTP and no SQL.
//!
//! - `sign_in/`: signing in and out, and the proofs of identity.
//! - `account/`: making an account, its address and its password.
//! - `social/`: signing in by a provider, and the identities that an account has there.
//! - `admin/`: the actions of an administrator, by the command line or from an app.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod challenge;
pub(crate) mod sign_in;
pub(crate) mod social;
