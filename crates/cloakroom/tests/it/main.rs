//! Everything goes through the public surface, as a browser would, on the engine that the environment names.
mod database;
mod login;
