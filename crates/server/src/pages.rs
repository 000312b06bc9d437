//! The pages: the app that is built into the binary, or the operator's own (`app.dir`).

use std::borrow::Cow;
use std::io;
use std::path::Path;

use bytes::Bytes;
use cloakroom::config::Csp;
use cloakroom_edge::spa::{Files, Rules, Spa};
use rust_embed::RustEmbed;

/// The build of `web/app`, which is part of the binary in every profile, so that the binary needs no other file.
#[derive(RustEmbed)]
#[folder = "../../web/app/dist"]
#[allow_missing = true]
struct Dist;

/// The paths that are not files of the app.
static RULES: Rules = Rules {
    reserved: &["api", "dev"],
    // Password managers use this path (W3C, A Well-Known URL for Changing Passwords).
    redirects: &[(".well-known/change-password", "/account/password")],
    // Of our own build, and of Vite's by default.
    hashed: &["_cloakroom", "assets"],
    not_built: "<!doctype html>\n<html lang=\"en\">\n<title>Cloakroom</title>\n\
        <h1>The web app was not built into this binary</h1>\n\
        <p>The API works. To build the pages and start again, run <code>make run</code> in the source directory.</p>\n",
};

/// The link that `dev` adds to the page, with its style in a file, as the policy demands.
const LINK_TO_DEVELOPMENT: &str = "<link rel=\"stylesheet\" href=\"/dev/link.css\">\
    <nav class=\"cloakroom-dev\" aria-label=\"Development\" lang=\"en\"><a href=\"/dev\">Dev tools</a></nav>";

/// Returns the app that was built into the binary; without one, navigations get a page that says so.
pub(crate) fn embedded() -> Spa {
    Spa::ours(built_in(), &RULES)
}

/// Returns the built-in app for `cloakroom dev`, with a link to `/dev` on each page.
pub(crate) fn embedded_for_development() -> Spa {
    let mut files = built_in();
    files.insert_before("index.html", "</body>", LINK_TO_DEVELOPMENT);
    Spa::ours(files, &RULES)
}

/// Returns the operator's own build; fails when it cannot be read, has no `index.html`, or is far larger than an app.
pub(crate) fn from_directory(directory: &Path, csp: &Csp) -> io::Result<Spa> {
    let (spa, refused) = Spa::from_directory(directory, csp.directives(), &RULES)?;
    for page in refused {
        tracing::warn!(
            path = page.path,
            count = page.count,
            "too many inline scripts and styles to allow each by its hash: see [app.csp], script-src and style-src"
        );
    }
    Ok(spa)
}

/// Returns the files in the binary; their hashes were computed when it was built.
fn built_in() -> Files {
    Files::embedded(Dist::iter().filter_map(|path| {
        let file = Dist::get(&path)?;
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Some((path.into_owned(), bytes, file.metadata.sha256_hash()))
    }))
}
