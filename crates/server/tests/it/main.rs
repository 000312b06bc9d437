//! Tests of the binary from outside: one process per test, over a socket.

mod command_line;
mod dev;
mod documents;
mod edge;
mod idp;
mod links;
mod mail;
mod operation;
mod secrets;
mod support;
