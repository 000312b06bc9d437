//! Signing in and out, and the state of the session.

pub(super) mod login;
pub(super) mod logout;
pub(super) mod profile;
pub(crate) mod program;
pub(super) mod reauthentication;
pub(super) mod session;
