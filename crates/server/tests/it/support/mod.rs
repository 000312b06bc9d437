//! The test harness: the running binary, a client, a browser, and a mail server.

pub(crate) mod installation;
pub(crate) mod person;
pub(crate) mod server;
#[path = "../../../../cloakroom/tests/it/support/sink.rs"]
pub(crate) mod sink;
