//! What an administrator does with other people's accounts.

mod notices;
