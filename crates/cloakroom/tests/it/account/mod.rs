//! What a person does with an account: signing up, addresses, passwords.

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
