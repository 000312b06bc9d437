//! A single-page app: everything that is not the API.
//!
//! All files, embedded or from a directory, are put into one table when the process starts. A request is a lookup in
//! that table. Path traversal, directory listings and races with a deployment are thereby impossible rather than
//! prevented. A new build in the directory needs a restart.
//!
//! The rules, in order:
//! 1. [`Rules::reserved`] paths, such as `/api`, are not the app's: 404, so that a mistyped call never gets a page.
//! 2. Methods other than GET and HEAD: 405.
//! 3. A file of that name: the file. In a [`Rules::hashed`] directory it is cached for ever.
//! 4. A path of [`Rules::redirects`]: to the page it stands for.
//! 5. A hidden path, a path in a hashed directory, and a script or image beside `index.html` that is not there: 404.
//! 6. A page that the build has for this path (`about/index.html` or `about.html` for `/about`): that page.
//! 7. A request that accepts HTML: `200.html` or `index.html`, so that a client-side route survives a reload. A path
//!    whose end looks like a file's (`/users/ann@example.com`) must name `text/html`, as page loads do and scripts do not.

use std::{
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
use tower::Service;

use self::{
    negotiation::{Encoding, accepts_html, encodings, is_fresh, names_html},
    policy::Policy,
    table::{File, Representation},
};
pub use self::{
    policy::{Sources, TooManyInline},
    table::Files,
};
use crate::{
    headers::SecurityHeaders,
    problem::{method_not_allowed, not_found},
};

mod negotiation;
mod policy;
mod table;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The pages that answer for paths which only the app's own scripts know. Nuxt generates the first one.
const FALLBACKS: [&str; 2] = ["200.html", "index.html"];

/// The extensions of files that a build puts beside `index.html`: a page would be a wrong answer for a missing one.
const BUILT: [&str; 12] =
    ["js", "mjs", "css", "map", "wasm", "json", "webmanifest", "ico", "png", "svg", "txt", "xml"];

/// The policy for windows: the operator's app may open ones that send it messages (for payments, say).
const OPENER: HeaderValue = HeaderValue::from_static("same-origin-allow-popups");
/// The policy for devices: the operator's app may use them, but pages in its frames may not.
const DEVICES: HeaderValue = HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(self)");

/// The path at which browsers look for an icon by default.
const FAVICON: &str = "favicon.ico";

/// The paths of an app that are not files of it.
#[derive(Debug)]
pub struct Rules {
    /// The first segments of paths that are not the app's.
    pub reserved: &'static [&'static str],
    /// The paths that redirect to a page, without their first slash, each with that page.
    pub redirects: &'static [(&'static str, &'static str)],
    /// The directories in which every file's name holds a hash of its content. A page is never the answer there.
    pub hashed: &'static [&'static str],
    /// The page that a navigation gets with 503 as long as the app has no files.
    pub not_built: &'static str,
}

impl Rules {
    fn is_hashed(&self, path: &str) -> bool {
        self.hashed.iter().any(|directory| is_within(path, directory))
    }
}

/// A service that answers every request at once from the app's files. Clones share the table.
#[derive(Clone, Debug)]
pub struct Spa(Arc<App>);

#[derive(Debug)]
struct App {
    files: Files,
    rules: &'static Rules,
    headers: Headers,
}

/// The headers of an app's replies.
#[derive(Debug)]
enum Headers {
    /// Those of every reply, for the app that the program brings along.
    Strict(SecurityHeaders),
    /// A policy that works with the output of the usual build tools, for the operator's app.
    Policy(HeaderValue),
}

impl Spa {
    /// Serves the app that the program brings along. It was made for strict headers, and carries them wherever it is served.
    pub fn ours(files: Files, rules: &'static Rules) -> Self {
        Self(Arc::new(App { files, rules, headers: Headers::Strict(SecurityHeaders::new(false)) }))
    }

    /// Serves the operator's app from a directory, under a policy that works with the output of the usual build tools.
    ///
    /// `sources` are allowed in addition. Fails when the directory cannot be read, has no `index.html`, or is far larger
    /// than an app. Also returns the pages whose inline scripts and styles the policy does not allow.
    pub fn from_directory<'sources>(
        directory: &Path,
        sources: impl IntoIterator<Item = Sources<'sources>>,
        rules: &'static Rules,
    ) -> io::Result<(Self, Vec<TooManyInline>)> {
        let mut files = Files::from_directory(directory)?;
        let policy = Policy::new(sources);
        let mut refused = Vec::new();
        for (path, file) in files.iter_mut() {
            let Some(html) = file.html() else { continue };
            let page = policy.for_page(path, html).unwrap_or_else(|too_many| {
                refused.push(too_many);
                policy.clone()
            });
            file.policy = Some(page.header());
        }
        Ok((Self(Arc::new(App { files, rules, headers: Headers::Policy(policy.header()) })), refused))
    }

    /// Tells whether there is an app to serve.
    pub fn is_built(&self) -> bool {
        self.0.files.get("index.html").is_some()
    }

    fn respond(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
        let Some(path) = decoded_path(uri) else { return not_found() };
        // A path that looks like the API never gets a page, not even with a doubled slash or in capitals (C16).
        let lower = path.trim_start_matches('/').to_ascii_lowercase();
        if self.0.rules.reserved.iter().any(|segment| is_within(&lower, segment)) {
            return not_found();
        }
        if method != Method::GET && method != Method::HEAD {
            return method_not_allowed("GET, HEAD");
        }
        let mut response = match self.find(&path, headers) {
            Found::File(file, caching) => self.represent(file, headers, caching),
            Found::Elsewhere(location) => see_other(location),
            Found::Nothing => not_found(),
            Found::NotBuilt => not_built(self.0.rules.not_built),
        };
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        if let Headers::Strict(headers) = &self.0.headers {
            headers.apply(response.headers_mut());
        }
        response
    }

    fn find(&self, path: &str, headers: &HeaderMap) -> Found<'_> {
        let App { files, rules, .. } = &*self.0;
        if let Some(file) = files.get(path) {
            let caching = if rules.is_hashed(path) { IMMUTABLE } else { REVALIDATE };
            return Found::File(file, caching);
        }
        if path == FAVICON {
            return self.icon();
        }
        if let Some((_, page)) = rules.redirects.iter().find(|(from, _)| *from == path) {
            return Found::Elsewhere(HeaderValue::from_static(page));
        }
        let takes_pages = if looks_like_a_file(path) { names_html(headers) } else { accepts_html(headers) };
        if is_never_a_page(path) || rules.is_hashed(path) || !takes_pages {
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

    /// Finds the app's icon for a client that requests `/favicon.ico` without having read a page.
    fn icon(&self) -> Found<'_> {
        let App { files, headers, .. } = &*self.0;
        let icon = files.find(|path| {
            let name = path.rsplit('/').next().and_then(|name| name.strip_prefix("favicon"));
            name.and_then(extension) == Some("svg")
        });
        // The operator's app names its icon in its pages.
        match icon.filter(|_| matches!(headers, Headers::Strict(_))) {
            Some(icon) => Found::File(icon, REVALIDATE),
            None => Found::Nothing,
        }
    }

    /// Replies with the file in the best encoding that the client accepts, or with 304 when its copy is current.
    fn represent(&self, file: &File, headers: &HeaderMap, caching: HeaderValue) -> Response {
        let (encoding, representation) = file.choose(encodings(headers));
        let Representation { bytes, etag } = representation;
        let mut response = Response::new(Body::empty());
        let reply = response.headers_mut();
        reply.insert(header::CACHE_CONTROL, caching);
        reply.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        reply.insert(header::ETAG, etag.clone());
        if let Headers::Policy(policy) = &self.0.headers {
            let policy = file.policy.as_ref().unwrap_or(policy);
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

/// Returns the path without its first slash and without percent-encoding; `None` when that is not text.
fn decoded_path(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Tells whether `path` is `/directory` or lies under it.
fn is_within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Tells whether the path's last segment has an extension, as a file's name has, and as an address or a version has.
fn looks_like_a_file(path: &str) -> bool {
    extension(path.rsplit('/').next().unwrap_or_default()).is_some()
}

/// Tells whether the path can only mean a file, so that a page would be a wrong answer when there is no such file.
fn is_never_a_page(path: &str) -> bool {
    let hidden = path.split('/').any(|segment| segment.starts_with('.'));
    let built = extension(path).is_some_and(|extension| BUILT.contains(&extension));
    hidden || (built && !path.contains('/'))
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

fn not_built(page: &'static str) -> Response {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}
