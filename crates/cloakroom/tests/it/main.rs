//! Everything goes through the public surface, as a browser would, on the engine that the environment names.

mod account;
mod admin;
mod house;
mod http;
mod mail;
mod sign_in;
mod social;
mod support;
