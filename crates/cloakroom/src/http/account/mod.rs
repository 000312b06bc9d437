//! Making an account, and changing its address and its password.

pub(super) mod email_change;
pub(super) mod email_verification;
pub(super) mod password_change;
pub(super) mod password_reset;
pub(super) mod signup;
