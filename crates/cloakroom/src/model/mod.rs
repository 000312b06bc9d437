//! Plain data, no I/O: what the product speaks about.

pub(crate) mod challenge;
pub(crate) mod device;
pub(crate) mod email;
pub(crate) mod event;
pub(crate) mod limit;
pub(crate) mod locale;
pub(crate) mod message;
pub(crate) mod method;
pub(crate) mod network;
pub(crate) mod rate;
pub(crate) mod session;
pub(crate) mod social;
pub(crate) mod user;
pub(crate) mod visitor;
pub(crate) mod waiting;
