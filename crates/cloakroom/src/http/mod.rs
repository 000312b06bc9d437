//! The wire: extract, call one flow, map. Only this folder names axum.

mod account;
mod brand;
mod config;
mod cookies;
mod csrf;
#[cfg(feature = "development")]
pub(crate) mod development;
mod docs;
mod examples;
pub(crate) mod extract;
mod form;
pub(crate) mod gate;
pub(crate) mod guard;
mod json;
mod nest;
mod occasion;
pub(crate) mod openapi;
#[cfg(feature = "pages")]
pub(crate) mod pages;
pub(crate) mod problem;
mod refusals;
mod rejection;
pub(crate) mod router;
pub(crate) mod sign_in;
pub(crate) mod social;
mod visit;
mod wire;
