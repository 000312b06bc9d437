//! Emails: their words, the outbox, and the SMTP conversation.

mod delivery;
mod outbox;
mod queue;
mod smtp;
