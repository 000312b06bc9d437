//! Sign-in for web apps: you hand over your coat (a password) and get a ticket that means nothing to anyone but the
//! attendant (an opaque, HttpOnly session cookie). Lose it, and the attendant tears up the other half.
//!
//! ```no_run
#![doc = include_str!("../examples/embed.rs")]
//! ```

mod cloakroom;
mod clock;
pub mod config;
mod error;
mod flow;
mod http;
mod jobs;
mod limits;
mod mail;
mod model;
mod outbound;
mod password;
pub mod pipeline;
mod policy;
mod provider;
mod secret;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use cloakroom::Cloakroom;
pub use clock::{Clock, Timestamp};
pub use config::Config;
pub use error::{Cause, Error, Invalid, Result};
pub use flow::{administration, mailing};
pub use http::extract::Staff;
pub use http::guard::{Guard, GuardLayer};
pub use http::social_input::Paused;
pub use limits::Rate;
pub use model::social::Intent;
pub use model::user::User;

/// The OpenAPI 3.1 document of every call, as JSON.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&http::router::document()).unwrap_or_default();
    text.push('\n');
    text
}
