//! Sign-in with a password, the session that follows, and the limits on attempts.

mod limits;
mod login;
mod program;
mod reauthentication;
mod session;
