//! Everything goes through the public surface, as a browser would, on the engine that the environment names.
mod architecture;
mod config;
mod csrf;
mod database;
mod development;
mod embed;
mod limits;
mod login;
mod mail;
mod openapi;
mod parsing;
mod race;
mod session;
mod signup;
mod sink;
