//! Requests that are refused before a flow sees them: forged, malformed, or for an unknown path.

pub(crate) mod csrf;
mod parsing;
