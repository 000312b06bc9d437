//! The service for paths that are not calls: our pages, the operator's own build (`app.dir`), or both.

use std::path::Path;

use axum::Router;
use cloakroom::config::{Csp, Pages};
use cloakroom::{Cloakroom, Spa};
use cloakroom_pages::RULES;

use crate::Failure;

/// The pages of a server.
pub(crate) struct Served {
    /// The routes that belong below the guard, which turns the answer that Apple makes the browser post into a GET.
    pub(crate) guarded: Router,
    /// The app at every other path.
    pub(crate) app: Spa,
}

/// Returns the pages that the configuration names; fails when the operator's build cannot be used.
pub(crate) fn served(cloakroom: &Cloakroom) -> Result<Served, Failure> {
    let config = cloakroom.config();
    let app = match &config.app.dir {
        Some(directory) => from_directory(directory, &config.app.csp)
            .map_err(|error| config.complaint("app.dir", format!("{}: {error}", directory.display())))?,
        None => cloakroom.site(),
    };
    let guarded = match config.app.pages {
        Pages::All => cloakroom.pages(),
        _ => Router::new().route_service("/auth/{provider}/callback", app.clone()),
    };
    Ok(Served { guarded, app })
}

/// Returns the operator's own build; fails when it cannot be read, has no `index.html`, or is far larger than an app.
fn from_directory(directory: &Path, csp: &Csp) -> std::io::Result<Spa> {
    let (spa, refused) = Spa::from_directory(directory, csp.directives(), &RULES)?;
    for page in refused {
        tracing::warn!(
            path = page.path,
            count = page.count,
            "too many inline scripts and styles to allow each by its hash: see [app.csp], script-src and style-src"
        );
    }
    for (key, warning) in csp.warnings() {
        tracing::warn!(key, "{warning}");
    }
    Ok(spa)
}
