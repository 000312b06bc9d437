//! The test harness: apps, databases, browsers, servers to talk to, and checks that many tests share.

pub(crate) mod app;
pub(crate) mod calls;
pub(crate) mod concurrency;
pub(crate) mod conformance;
pub(crate) mod database;
pub(crate) mod events;
pub(crate) mod hooks;
pub(crate) mod log_lines;
pub(crate) mod mail_html;
pub(crate) mod operations;
pub(crate) mod people;
pub(crate) mod replies;
pub(crate) mod scripted_provider;
pub(crate) mod scripted_smtp;
pub(crate) mod smtp_sink;
pub(crate) mod social_app;
pub(crate) mod table_lock;
pub(crate) mod timing;

use std::time::Duration;

pub(crate) const HOUR: Duration = Duration::from_hours(1);
