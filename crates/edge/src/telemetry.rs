//! Telemetry for the operator: logs, metrics, and one id that joins everything about a request.
//!
//! Invariants: telemetry never slows, blocks or fails a request (a full pipe loses lines, which are counted). It never
//! holds a secret: nothing in here records query strings, headers or bodies.

pub mod log;
pub mod prometheus;
pub mod request;
mod sink;
