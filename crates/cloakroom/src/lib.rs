//! Sign-in for any axum app: you hand over your coat (a password, a GitHub login) and get a ticket that means nothing to
//! anyone but the attendant (an opaque, HttpOnly session cookie). Lose it, and the attendant tears up the other half.
//!
//! ```no_run
#![doc = include_str!("../examples/embed.rs")]
//! ```
//!
//! - [`Cloakroom`] is opened once and cloned cheaply. Its [`router`](Cloakroom::router) answers under `/api/`. Its
//!   [`layer`](Cloakroom::layer) loads the session of every request, and refuses forged requests.
//! - Handlers take [`User`] (401 to strangers), `Option<User>` (everybody is welcome) or [`Staff`]; [`Principal`] tells how
//!   they have proven who they are as well. Keep your own data by
//!   [`User::id`]: addresses change.
//! - [`Login`] signs somebody in after a proof of your own.
//! - [`CsrfToken`] is for pages that the server writes: a form below the layer sends it as a hidden field.
//! - [`Config`] is read from a file and the environment, or filled in by hand. Postgres or SQLite is one of its values.
//! - [`Cloakroom::administration`] adds, invites, deactivates and deletes accounts, as the command line does.
//! - [`Cloakroom::events`] hands every event to a function of yours, and loses none: who signed up, changed, or was deleted.
//! - A [`pipeline::Step`] is code of yours in the pipeline, which decides about a person who signs in by a provider.
//! - [`Cloakroom::pages`] (feature `pages`) serves our sign-in and account pages beside your own routes.
//! - [`Cloakroom::development`] (feature `development`) has an inbox, sample users, and stand-ins for providers.
//! - `testing` (feature `testing`) has a browser with a cookie jar, a clock to turn, and a GitHub to sign in with.
//!
//! Every handler that can fail may return [`Error`]: it is a response, `application/problem+json` with a stable code.
//! Mail server and logs are yours to bring; the guide on embedding in `docs/guides/` explains how.

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("cloakroom needs a database: enable the feature `postgres`, `sqlite`, or both");

mod attempts;
mod brand;
mod cloakroom;
mod clock;
pub mod config;
mod context;
mod error;
mod files;
mod flow;
mod hooks;
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
mod session;
mod store;
mod tally;
#[cfg(feature = "testing")]
pub mod testing;
mod validation;

pub use brand::{Brand, BrandFile};
pub use cloakroom::Cloakroom;
#[cfg(feature = "pages")]
pub use cloakroom_edge::spa::Spa;
pub use clock::{Clock, Timestamp};
pub use config::Config;
pub use error::{Cause, Error, Invalid, Result};
#[cfg(feature = "sqlite")]
pub use flow::admin::backup;
#[cfg(feature = "development")]
pub use flow::admin::samples::PASSWORD as SAMPLE_PASSWORD;
pub use flow::admin::{administration, audit, events, mailing};
pub use http::extract::{CsrfToken, Staff};
pub use http::guard::{Guard, GuardLayer};
pub use http::sign_in::program::{Login, LoginCookies};
pub use http::social::input::Paused;
pub use model::method::Method;
pub use model::rate::{Rate, Width};
pub use model::social::Intent;
pub use model::user::User;
pub use model::visitor::RequestId;
pub use session::{Credential, Principal};
#[doc(hidden)]
pub use tally::Tally;

/// Returns the OpenAPI 3.1 document of every call, as JSON.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&http::router::document()).unwrap_or_default();
    text.push('\n');
    text
}
