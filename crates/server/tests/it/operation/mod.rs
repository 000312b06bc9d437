//! Operation of the server: storage, several nodes, back-ups, crashes, probes, and shutdown.

mod backup;
mod crash;
mod log_lines;
mod nodes;
mod probes;
mod stop;
mod storage;
