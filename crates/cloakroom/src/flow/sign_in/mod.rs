//! Signing in and out, and proving again who one is.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod reauthentication;
pub(crate) mod session;
