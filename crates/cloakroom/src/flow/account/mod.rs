//! Making an account, and changing its address and its password.

pub(crate) mod email_change;
pub(crate) mod email_verification;
pub(crate) mod password_change;
pub(crate) mod password_reset;
pub(crate) mod recovery;
pub(crate) mod signup;
