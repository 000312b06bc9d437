//! Signing in with a password, the session that follows, and its limits.

mod limits;
mod login;
mod reauthentication;
mod session;
