//! The name in `http://NAME.localhost:PORT`, which is another host to a browser, with cookies of its own.
//!
//! A request with a new name makes it the `public_url`. A context under that name replaces the present one, and answers
//! the request. Cookies, the CSRF origin, links in mails and providers then derive from it, as in production.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tower::ServiceExt as _;

use super::Dev;
use super::host::name_before_localhost;
use crate::running::Running;
use crate::user::say;

/// The cookie that shows which server set the cookies: it is signed with the key of one server.
const CSRF_COOKIE: &str = "csrftoken";

/// The state of the names that a development server answers to.
#[derive(Default)]
pub(super) struct Names {
    running: OnceLock<Running>,
    /// A lock, so that only one renaming runs at a time.
    renaming: Mutex<()>,
    has_offered: AtomicBool,
}

impl Names {
    /// Accepts names from now on.
    pub(super) fn begin(&self, running: Running) {
        // It is called once, so the value is not set yet.
        let _ = self.running.set(running);
    }
}

/// Takes a new name, and notices the cookies of another server.
pub(super) async fn notice(State(dev): State<Arc<Dev>>, request: Request, next: Next) -> Response {
    if let Some(name) = name_before_localhost(request.headers(), dev.port)
        && let Some(running) = dev.names.running.get()
        && may_rename(request.headers())
        && dev.rename(running, &name).await
    {
        let app = running.app().borrow().clone();
        let Ok(reply) = app.oneshot(request).await;
        return reply;
    }
    let had_token = request.method() == Method::GET && has_csrf_cookie(request.headers());
    let reply = next.run(request).await;
    if had_token && sets_csrf_cookie(reply.headers()) && !dev.names.has_offered.swap(true, Ordering::Relaxed)
    {
        say(&dev.offer());
    }
    reply
}

impl Dev {
    /// Makes `name` the host of `public_url`; returns false if it is that already, or cannot be.
    ///
    /// Boxed, because a context that it opens may be renamed in turn.
    fn rename<'a>(self: &'a Arc<Self>, running: &'a Running, name: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let _one = self.names.renaming.lock().await;
            let wanted = format!("http://{name}.localhost:{}", self.port);
            if running.cloakroom().config().public_url.origin() == wanted {
                return false;
            }
            let opened = match self.config(Some(name)) {
                Ok(config) => self.open(config).await,
                Err(failure) => Err(failure),
            };
            let Ok((cloakroom, app)) = opened else {
                tracing::warn!(public_url = wanted, "cannot be opened under this name");
                return false;
            };
            running.replace(cloakroom, app);
            tracing::info!(public_url = wanted, "opened under this name, until the next start");
            true
        })
    }

    /// Returns the advice for a request that carries the cookies of another server.
    fn offer(&self) -> String {
        format!(
            "This browser has cookies of another server on localhost: cookies know no port, so the two sign each other out.\n\
             Open this one at http://{}.localhost:{} instead.",
            suggestion(),
            self.port
        )
    }
}

/// Derives a name from that of the directory in which the server was started.
pub(super) fn suggestion() -> String {
    let directory = std::env::current_dir().unwrap_or_default();
    let name = directory.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let label: String = name.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    if label.is_empty() { "app".to_owned() } else { label }
}

/// Tells whether a request may rename the server: another site's page must not.
fn may_rename(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site != "cross-site" && site != "same-site")
}

fn has_csrf_cookie(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).any(|cookie| cookie.trim().split('=').next() == Some(CSRF_COOKIE))
}

fn sets_csrf_cookie(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::SET_COOKIE).into_iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.into_iter().any(|cookie| cookie.split('=').next() == Some(CSRF_COOKIE))
}
