//! Requests that are refused before a flow sees them: forged, malformed, or for an unknown path.

mod brand;
mod csrf;
mod parsing;
