//! What the operator sees: logs, metrics, and one id that joins everything about a request.
//!
//! What must stay true: telemetry never slows, blocks or fails a request (a full pipe loses lines, counted), and never
//! holds a secret: query strings, headers and bodies are not recorded anywhere in here.

pub mod log;
pub mod prometheus;
pub mod request;
mod sink;
