//! The pages of Cloakroom: the files that the build of `web/app` makes, and the paths at which they answer.
//!
//! The files are part of the crate, so that a program needs no other file beside it. A clone has them after
//! `make web`.

use std::borrow::Cow;

use bytes::Bytes;
use cloakroom_edge::spa::{Files, Rules};
use rust_embed::RustEmbed;

/// The build of `web/app`, which is part of the program in every profile.
#[derive(RustEmbed)]
#[folder = "dist"]
#[allow_missing = true]
struct Dist;

/// The paths of the pages. Each has more pages below it, or may have some later.
pub const PATHS: [&str; 14] = [
    "/login",
    "/signup",
    "/check-email",
    "/verify-email",
    "/forgot-password",
    "/reset-password",
    "/change-email",
    "/undo-email-change",
    "/account",
    "/auth",
    "/not-me",
    "/restore-account",
    "/continue",
    "/tasks",
];

/// The directory of the files that the pages load, and of nothing else.
pub const DIRECTORY: &str = "_cloakroom";

/// The path that password managers know (W3C, "A Well-Known URL for Changing Passwords").
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";

/// The paths that are not files of an app, be it these pages or an operator's own.
pub static RULES: Rules = Rules {
    reserved: &["api", "dev"],
    redirects: &[(".well-known/change-password", "/account/password")],
    // Of our own build, and of Vite's by default.
    hashed: &[DIRECTORY, "assets"],
    not_built: "<!doctype html>\n<html lang=\"en\">\n<title>Cloakroom</title>\n\
        <h1>The web app was not built into this program</h1>\n\
        <p>The API works. To build the pages and start again, run <code>make run</code> in the source directory.</p>\n",
};

/// Returns the built files; none, if the web app had not been built when this crate was compiled.
pub fn files() -> Files {
    Files::embedded(Dist::iter().filter_map(|path| {
        let file = Dist::get(&path)?;
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        // The hash was computed at compile time.
        Some((path.into_owned(), bytes, file.metadata.sha256_hash()))
    }))
}
