//! The wire: extract, call one flow, map. Only this folder names axum.

mod config;
mod cookies;
mod csrf;
mod docs;
mod email_change;
mod email_verification;
pub(crate) mod extract;
pub(crate) mod guard;
mod identities;
mod json;
mod login;
mod logout;
mod occasion;
pub(crate) mod openapi;
mod password_change;
mod password_reset;
pub(crate) mod problem;
mod profile;
mod reauthentication;
pub(crate) mod router;
mod session;
mod signup;
mod social;
mod social_email;
pub(crate) mod social_input;
mod social_link;
mod visit;
