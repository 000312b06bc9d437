//! The tools of development (feature `development`): an inbox, stand-ins for providers, and a page that names them.
//!
//! All of it is for one machine. Mails hold tokens, and a stand-in vouches for any address. So the routes exist only for a
//! configuration of development on loopback, and answer only to a name of this machine.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, header};

use crate::config::{Config, is_here, is_loopback};
use crate::context::Context;
use crate::error::{Error, Result};

mod mailbox;
mod page;
mod stand_ins;

/// Adds stand-ins for providers to a configuration of development; leaves every other one as it is.
///
/// # Errors
/// Never fails for the stand-ins of this version, whose settings are valid.
pub(crate) fn with_stand_ins(mut config: Config) -> Result<Config> {
    if config.development {
        stand_ins::register(&mut config)?;
    }
    Ok(config)
}

/// Returns the routes under `/dev` and `/api/dev`.
///
/// # Errors
/// [`Error::Config`] when the configuration is not one of development, or could be reached from other machines.
pub(crate) fn router(context: &Context) -> Result<Router> {
    require_development(context.config())?;
    let stand_ins = stand_ins::of(context.config());
    Ok(mailbox::router(context)
        .merge(stand_ins::router(&stand_ins))
        .merge(page::router(context, &stand_ins))
        .layer(from_fn(only_here)))
}

/// Refuses a configuration under which other people could read mails or sign in with the known password.
fn require_development(config: &Config) -> Result<()> {
    if !config.development {
        let told = "the tools of development need a configuration made by `Config::development`";
        return Err(Error::Config(told.to_owned()));
    }
    let public_url = config.public_url.origin();
    if !url::Url::parse(public_url).is_ok_and(|url| is_loopback(&url)) {
        let told =
            format!("is {public_url}, and development is for this machine alone: choose one on localhost");
        return Err(config.complaint("public_url", told));
    }
    let listen = config.listen.0;
    if !listen.ip().is_loopback() {
        let told = format!("is {listen}, and development is for this machine alone: listen on 127.0.0.1");
        return Err(config.complaint("listen", told));
    }
    Ok(())
}

/// Hides the routes from requests for another host, with which a web site could reach this machine (DNS rebinding).
async fn only_here(request: Request, next: Next) -> Response {
    if is_for_this_machine(request.headers()) {
        next.run(request).await
    } else {
        Error::NotFound.into_response()
    }
}

fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    host.is_some_and(|host| is_here(host.host()))
}

/// Replies with a small file, which the browser must not cache.
fn file(content_type: &'static str, text: impl Into<axum::body::Body>) -> Response {
    let mut reply = Response::new(text.into());
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
