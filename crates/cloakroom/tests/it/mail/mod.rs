//! Emails: their words, the outbox, and the SMTP conversation.

mod delivery;
mod lint;
mod outbox;
mod queue;
mod smtp;
mod words;
