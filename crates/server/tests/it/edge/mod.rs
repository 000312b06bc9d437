//! The HTTP edge: connections, hosts, headers, and static files.

mod app_dir;
mod brand;
mod connections;
mod headers;
mod host;
mod listen;
mod spa;
