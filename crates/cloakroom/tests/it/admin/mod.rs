//! Actions of an administrator on other people's accounts.

mod accounts;
mod events;
mod hooks;
mod notices;
