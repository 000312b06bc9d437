//! One file per thing a person can do. A flow decides; it knows no HTTP and no SQL.

pub mod administration;
pub mod backup;
pub(crate) mod challenge;
pub(crate) mod email_change;
pub(crate) mod email_verification;
pub(crate) mod identities;
pub(crate) mod issuers;
pub(crate) mod login;
pub(crate) mod logout;
pub mod mailing;
pub(crate) mod password_change;
pub(crate) mod password_reset;
pub(crate) mod reauthentication;
pub(crate) mod recovery;
pub(crate) mod session;
pub(crate) mod signup;
pub(crate) mod social;
pub(crate) mod social_email;
mod social_failure;
pub(crate) mod social_input;
pub(crate) mod social_link;
pub(crate) mod social_pause;
