//! The test harness: databases, browsers, servers to talk to, and checks that many tests share.

pub(crate) mod by_mail;
pub(crate) mod conformance;
pub(crate) mod database;
pub(crate) mod desk;
pub(crate) mod gate;
pub(crate) mod hostile;
pub(crate) mod race;
pub(crate) mod raw_smtp;
pub(crate) mod sink;
pub(crate) mod timing;
