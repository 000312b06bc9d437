//! The HTTP edge of a server: everything between the socket and an [`axum::Router`].
//!
//! - [`listen`] accepts connections, bounds how many there are, and ends every wait for a client.
//! - [`front`] is the layer around every route: one valid `Host`, security headers, an id, a log line and metrics for
//!   each request.
//! - [`spa`] serves the files of a single-page app out of memory.
//! - [`operations`] answers a supervisor, [`stop`] ends the process in time.
//!
//! Without the feature `server` there are only [`headers`], [`problem`] and [`spa`], for a program that listens by itself.
//!
//! It knows nothing of the program behind it: that program's names, paths and texts are arguments.

#[cfg(feature = "server")]
pub mod front;
pub mod headers;
#[cfg(feature = "server")]
mod host;
#[cfg(feature = "server")]
pub mod listen;
#[cfg(feature = "server")]
pub mod operations;
pub mod problem;
pub mod spa;
#[cfg(feature = "server")]
pub mod stop;
#[cfg(feature = "server")]
pub mod telemetry;
