//! The test harness: the running binary, a client, a browser, a mail server, and a proxy that breaks.

pub(crate) mod breakable_proxy;
pub(crate) mod browser;
pub(crate) mod installation;
pub(crate) mod server;
#[path = "../../../../cloakroom/tests/it/support/smtp_sink.rs"]
pub(crate) mod smtp_sink;
