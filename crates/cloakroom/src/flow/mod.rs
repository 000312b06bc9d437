//! One file per thing a person can do. A flow decides; it knows no HTTP and no SQL.
//!
//! - `sign_in/`: who is here, and how they prove it.
//! - `account/`: making an account, its address and its password.
//! - `social/`: signing in by a provider, and the identities that an account has there.
//! - `admin/`: what an administrator does, by the command line or from an app.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod challenge;
pub(crate) mod sign_in;
pub(crate) mod social;
