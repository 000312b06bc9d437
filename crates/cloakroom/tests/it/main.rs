//! Everything goes through the public surface, as a browser would, on the engine that the environment names.
mod csrf;
mod database;
mod limits;
mod login;
mod parsing;
mod race;
mod session;
