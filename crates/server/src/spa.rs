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
//! 5. A path under `/assets/`, a hidden one, or one with a file extension: 404.
//! 6. A request that accepts HTML: `index.html`, so that a client-side route survives a reload.

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
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use tower::Service;

use self::{
    negotiation::{Encoding, accepts_html, encodings, is_fresh},
    table::{File, Representation},
};
use crate::problem::{method_not_allowed, not_found};

mod negotiation;
mod table;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Where password managers ask the way to the page below.
const CHANGE_PASSWORD: &str = ".well-known/change-password";
const CHANGE_PASSWORD_PAGE: HeaderValue = HeaderValue::from_static("/account/password");

/// What a navigation gets from a binary that was built without the web app.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<title>Cloakroom</title>\n\
    <h1>The web app was not built into this binary</h1>\n\
    <p>The API works. To build the pages and start again, run <code>make run</code> in the source directory.</p>\n";

/// The app's files; a service that answers every request at once. Clones share the table.
#[derive(Clone, Debug)]
pub(crate) struct Spa {
    files: Arc<HashMap<String, File>>,
}

impl Spa {
    /// The app that was built into the binary; without one, navigations are told so.
    pub(crate) fn embedded() -> Self {
        Self { files: Arc::new(table::embedded()) }
    }

    /// The operator's own build; fails when it cannot be read, has no `index.html`, or is far larger than an app.
    pub(crate) fn from_directory(directory: &Path) -> io::Result<Self> {
        Ok(Self { files: Arc::new(table::from_directory(directory)?) })
    }

    /// Whether there is an app to serve.
    pub(crate) fn is_built(&self) -> bool {
        self.files.contains_key("index.html")
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
        let with_body = method == Method::GET;
        if let Some(file) = self.files.get(path.as_str()) {
            let caching = if is_within(&path, "assets") { IMMUTABLE } else { REVALIDATE };
            return represent(file, headers, caching, with_body);
        }
        if path == CHANGE_PASSWORD {
            return see_other(CHANGE_PASSWORD_PAGE);
        }
        if names_a_file(&path) || !accepts_html(headers) {
            return not_found();
        }
        match self.files.get("index.html") {
            Some(index) => represent(index, headers, REVALIDATE, with_body),
            None => not_built(),
        }
    }
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

/// Whether the path can only mean a file, so that a page would be a wrong answer when there is none.
fn names_a_file(path: &str) -> bool {
    let hidden = path.split('/').any(|segment| segment.starts_with('.'));
    let last = path.rsplit('/').next().unwrap_or_default();
    let extension = last.rsplit_once('.').is_some_and(|(_, extension)| !extension.is_empty());
    hidden || extension || is_within(path, "assets")
}

/// The file in the best encoding the client takes, or 304 when it has that already.
fn represent(file: &File, headers: &HeaderMap, caching: HeaderValue, with_body: bool) -> Response {
    let accepted = encodings(headers);
    let (encoding, representation) = file.choose(accepted);
    let Representation { bytes, etag } = representation;
    let mut response = Response::new(Body::empty());
    let reply = response.headers_mut();
    reply.insert(header::CACHE_CONTROL, caching);
    reply.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    reply.insert(header::ETAG, etag.clone());
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
    if with_body {
        *response.body_mut() = Body::from(bytes.clone());
    }
    response
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
