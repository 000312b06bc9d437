//! Makes cargo notice a new build of the web app.
//!
//! The macro that embeds the pages names the files it found, so that cargo watches these; files that come later, or the
//! whole folder on the first build, would go unnoticed and the binary would keep its old pages.

fn main() {
    // A watched path that is missing means "always rebuild": until there is a build, its parent is watched instead.
    let watched = ["dist", "."].map(std::path::Path::new);
    if let Some(path) = watched.into_iter().find(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
