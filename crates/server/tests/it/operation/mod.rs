//! Running the server: storage, several nodes, back-ups, crashes, probes, and its end.

mod backup;
mod crash;
mod log_lines;
mod nodes;
mod probes;
mod stop;
mod storage;
