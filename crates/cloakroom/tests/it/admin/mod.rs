//! Actions of an administrator on other people's accounts.

mod events;
mod notices;
