//! The single-page app: everything that is not the API.
//!
//! All files, embedded or from the operator's own directory (`app.dir`), are put into one table when the process
//! starts, and a request is a lookup in that table. Path traversal, directory listings and races with a deployment are
//! thereby impossible rather than prevented; a new build in `app.dir` is picked up by a restart.
//!
//! The rules, in order:
//! 1. `/api` and `/dev` are not the app's: 404, so that a mistyped call never answers with a page.
//! 2. Methods other than GET and HEAD: 405.
//! 3. A file of that name: the file. Under `/assets/` names hold a hash of the content, so it is cached for ever.
//! 4. `/.well-known/change-password` (W3C, A Well-Known URL for Changing Passwords): to the page of that, for password managers.
//! 5. A hidden path, a path under `/assets/`, and a script or image beside `index.html` that is not there: 404.
//! 6. A page that the build has for this path (`about/index.html` or `about.html` for `/about`): that page.
//! 7. A request that accepts HTML: `200.html` or `index.html`, so that a client-side route survives a reload. A path
//!    whose end looks like a file's (`/users/ann@example.com`) must name `text/html`, as page loads do and scripts do not.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::{Ready, ready},
    io,
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use cloakroom::config::Csp;
use tower::Service;

use self::{
    negotiation::{Encoding, accepts_html, encodings, is_fresh, names_html},
    policy::Policy,
    table::{File, Representation},
};
use crate::problem::{method_not_allowed, not_found};

mod negotiation;
mod policy;
mod table;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The pages that answer for paths which only the app's own scripts know; the first one is what Nuxt generates.
const FALLBACKS: [&str; 2] = ["200.html", "index.html"];

/// What a build puts beside `index.html`: when it is missing, a page would be a wrong answer.
const BUILT: [&str; 12] =
    ["js", "mjs", "css", "map", "wasm", "json", "webmanifest", "ico", "png", "svg", "txt", "xml"];

/// An adopter's app may open windows that answer back (payments, sign-in at a provider).
const OPENER: HeaderValue = HeaderValue::from_static("same-origin-allow-popups");
/// An adopter's app may use the devices; pages in its frames may not.
const DEVICES: HeaderValue = HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(self)");

/// Where password managers ask the way to the page below.
const CHANGE_PASSWORD: &str = ".well-known/change-password";
const CHANGE_PASSWORD_PAGE: HeaderValue = HeaderValue::from_static("/account/password");

/// The path at which browsers look for an icon unasked.
const FAVICON: &str = "favicon.ico";

/// What a navigation gets from a binary that was built without the web app.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<title>Cloakroom</title>\n\
    <h1>The web app was not built into this binary</h1>\n\
    <p>The API works. To build the pages and start again, run <code>make run</code> in the source directory.</p>\n";

/// What `dev` adds to the page, with its style in a file, as the policy wants it.
const LINK_TO_DEVELOPMENT: &str = "<link rel=\"stylesheet\" href=\"/dev/link.css\">\
    <nav class=\"cloakroom-dev\" aria-label=\"Development\" lang=\"en\"><a href=\"/dev\">Dev tools</a></nav>";

/// The app's files; a service that answers every request at once. Clones share the table.
#[derive(Clone, Debug)]
pub(crate) struct Spa(Arc<App>);

#[derive(Debug)]
struct App {
    files: HashMap<String, File>,
    /// The policy of an adopter's files; ours have that of every reply.
    policy: Option<HeaderValue>,
}

impl Spa {
    /// The app that was built into the binary; without one, navigations are told so.
    pub(crate) fn embedded() -> Self {
        Self(Arc::new(App { files: table::embedded(), policy: None }))
    }

    /// Adds a link to `/dev` to each page, for `cloakroom dev`.
    pub(crate) fn embedded_for_development() -> Self {
        let mut files = table::embedded();
        if let Some(index) = files.get_mut("index.html") {
            index.insert_before("</body>", LINK_TO_DEVELOPMENT);
        }
        Self(Arc::new(App { files, policy: None }))
    }

    /// The operator's own build; fails when it cannot be read, has no `index.html`, or is far larger than an app.
    pub(crate) fn from_directory(directory: &Path, csp: &Csp) -> io::Result<Self> {
        let mut files = table::from_directory(directory)?;
        let policy = Policy::new(csp);
        for (path, file) in &mut files {
            file.policy = file.html().map(|html| policy.for_page(path, html).header());
        }
        Ok(Self(Arc::new(App { files, policy: Some(policy.header()) })))
    }

    /// Whether there is an app to serve.
    pub(crate) fn is_built(&self) -> bool {
        self.0.files.contains_key("index.html")
    }

    fn respond(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
        let Some(path) = decoded_path(uri) else { return not_found() };
        // Also under a doubled slash or in capitals: what looks like the API never answers with a page (C16).
        let lower = path.trim_start_matches('/').to_ascii_lowercase();
        if is_within(&lower, "api") || is_within(&lower, "dev") {
            return not_found();
        }
        if method != Method::GET && method != Method::HEAD {
            return method_not_allowed("GET, HEAD");
        }
        let mut response = match self.find(&path, headers) {
            Found::File(file, caching) => self.represent(file, headers, caching),
            Found::Elsewhere(location) => see_other(location),
            Found::Nothing => not_found(),
            Found::NotBuilt => not_built(),
        };
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }

    fn find(&self, path: &str, headers: &HeaderMap) -> Found<'_> {
        let App { files, .. } = &*self.0;
        if let Some(file) = files.get(path) {
            let caching = if is_within(path, "assets") { IMMUTABLE } else { REVALIDATE };
            return Found::File(file, caching);
        }
        if path == FAVICON {
            return self.icon();
        }
        if path == CHANGE_PASSWORD {
            return Found::Elsewhere(CHANGE_PASSWORD_PAGE);
        }
        let takes_pages = if looks_like_a_file(path) { names_html(headers) } else { accepts_html(headers) };
        if is_never_a_page(path) || !takes_pages {
            return Found::Nothing;
        }
        let bare = path.trim_end_matches('/');
        let own = match bare {
            "" => ["index.html".to_owned(), String::new()],
            _ => [format!("{bare}/index.html"), format!("{bare}.html")],
        };
        let mut pages = own.iter().map(String::as_str).chain(FALLBACKS);
        match pages.find_map(|page| files.get(page)) {
            Some(page) => Found::File(page, REVALIDATE),
            None => Found::NotBuilt,
        }
    }

    /// The app's icon, for those who ask for `/favicon.ico` without having read a page.
    fn icon(&self) -> Found<'_> {
        let App { files, policy } = &*self.0;
        // An adopter's app without an icon has none of ours.
        let embedded = files
            .iter()
            .find(|(path, _)| path.strip_prefix("assets/favicon").and_then(extension) == Some("svg"));
        match embedded.filter(|_| policy.is_none()) {
            Some((_, icon)) => Found::File(icon, REVALIDATE),
            None => Found::Nothing,
        }
    }

    /// The file in the best encoding the client takes, or 304 when it has that already.
    fn represent(&self, file: &File, headers: &HeaderMap, caching: HeaderValue) -> Response {
        let (encoding, representation) = file.choose(encodings(headers));
        let Representation { bytes, etag } = representation;
        let mut response = Response::new(Body::empty());
        let reply = response.headers_mut();
        reply.insert(header::CACHE_CONTROL, caching);
        reply.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        reply.insert(header::ETAG, etag.clone());
        if let Some(policy) = file.policy.as_ref().or(self.0.policy.as_ref()) {
            reply.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
            reply.insert(HeaderName::from_static("cross-origin-opener-policy"), OPENER);
            reply.insert(HeaderName::from_static("permissions-policy"), DEVICES);
        }
        if is_fresh(headers, etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        reply.insert(header::CONTENT_TYPE, file.content_type.clone());
        reply.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        match encoding {
            Encoding::Brotli => reply.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br")),
            Encoding::Gzip => reply.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
            Encoding::Identity => None,
        };
        *response.body_mut() = Body::from(bytes.clone());
        response
    }
}

/// The file or page that a path leads to.
enum Found<'app> {
    File(&'app File, HeaderValue),
    Elsewhere(HeaderValue),
    Nothing,
    NotBuilt,
}

impl Service<Request> for Spa {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        ready(Ok(self.respond(request.method(), request.uri(), request.headers())))
    }
}

/// The path without its first slash and without percent-encoding; `None` when that is no text.
fn decoded_path(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Whether `path` is `/directory` or lies under it.
fn is_within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the path's end has a dot, as a file's name has, and as an address or a version has.
fn looks_like_a_file(path: &str) -> bool {
    extension(path.rsplit('/').next().unwrap_or_default()).is_some()
}

/// Whether the path can only mean a file, so that a page would be a wrong answer when there is none.
fn is_never_a_page(path: &str) -> bool {
    let hidden = path.split('/').any(|segment| segment.starts_with('.'));
    let built = extension(path).is_some_and(|extension| BUILT.contains(&extension));
    hidden || is_within(path, "assets") || (built && !path.contains('/'))
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| !extension.is_empty())
}

fn see_other(location: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn not_built() -> Response {
    let mut response = Response::new(Body::from(NOT_BUILT));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}
