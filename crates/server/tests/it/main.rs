//! The binary, from outside: one process per test, spoken to over a socket.

mod app_dir;
mod backup;
mod command_line;
mod connections;
mod crash;
mod dev;
mod documents;
mod headers;
mod host;
mod idp;
mod installation;
mod links;
mod listen;
mod log_lines;
mod mail;
mod nodes;
mod operations;
mod person;
mod secrets;
mod server;
#[path = "../../../cloakroom/tests/it/sink.rs"]
mod sink;
mod spa;
mod stop;
mod storage;
