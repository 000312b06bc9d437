//! One file per thing a person can do. A flow decides; it knows no HTTP and no SQL.

pub mod administration;
pub(crate) mod login;
pub(crate) mod logout;
pub mod mailing;
pub(crate) mod session;
