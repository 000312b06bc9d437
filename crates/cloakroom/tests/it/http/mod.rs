//! Requests that the wire refuses before a flow sees them.

pub(crate) mod csrf;
mod parsing;
