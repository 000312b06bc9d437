//! The binary, from outside: one process per test, spoken to over a socket.

mod headers;
mod host;
mod listen;
mod operations;
mod server;
mod spa;
