//! The wire: extract, call one flow, map. Only this folder names axum.

mod config;
mod cookies;
mod csrf;
mod docs;
pub(crate) mod extract;
pub(crate) mod guard;
mod json;
mod login;
mod logout;
pub(crate) mod openapi;
pub(crate) mod problem;
mod profile;
pub(crate) mod router;
mod session;
mod visit;
