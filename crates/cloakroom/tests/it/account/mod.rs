//! Actions of a person on their own account: signing up, changing addresses and passwords, recovery.

mod email_change;
mod email_verification;
mod first_password;
mod local_address;
mod password_change;
mod password_reset;
mod pre_hijacking;
mod recovery;
mod reservation;
mod signup;
