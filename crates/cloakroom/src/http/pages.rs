//! The pages, as routes of an app (feature `pages`).

use axum::Router;
use cloakroom_edge::spa::{Files, Spa};
use cloakroom_pages::{CHANGE_PASSWORD, DIRECTORY, PATHS, RULES};

use crate::context::Context;

/// The document that every page begins with.
const DOCUMENT: &str = "index.html";

/// Tells the pages that `/` and every path which is not theirs belong to an app beside them.
const HOME_OF_THE_APP: &str = "<meta name=\"cloakroom-home\" content=\"/\">";

/// The link that development adds to the page, with its style in a file, as the policy demands.
const LINK_TO_DEVELOPMENT: &str = "<link rel=\"stylesheet\" href=\"/dev/link.css\">\
    <nav class=\"cloakroom-dev\" aria-label=\"Development\" lang=\"en\"><a href=\"/dev\">Dev tools</a></nav>";

/// Returns the routes of the pages, for an app that has `/` and every other path.
pub(crate) fn beside_an_app(context: &Context) -> Router {
    let mut files = files(context);
    files.rewrite(DOCUMENT, |html| html.replacen("</head>", &format!("{HOME_OF_THE_APP}</head>"), 1));
    let pages = serve(files);
    let router = Router::new()
        .route_service(CHANGE_PASSWORD, pages.clone())
        .route_service(&format!("/{DIRECTORY}/{{*file}}"), pages.clone());
    PATHS.iter().fold(router, |router, path| {
        router
            .route_service(path, pages.clone())
            .route_service(&format!("{path}/"), pages.clone())
            .route_service(&format!("{path}/{{*below}}"), pages.clone())
    })
}

/// Returns the pages with a home page of their own, and an answer to every path.
pub(crate) fn as_a_site(context: &Context) -> Spa {
    serve(files(context))
}

fn files(context: &Context) -> Files {
    let mut files = cloakroom_pages::files();
    let brand = context.brand();
    files.rewrite(DOCUMENT, |html| brand.page(html));
    // Browsers look there without having read a page.
    if let Some(icon) = brand.icon() {
        files.insert("favicon.ico", icon.content_type(), icon.bytes().clone());
    }
    if cfg!(feature = "development") && context.config().development {
        files.rewrite(DOCUMENT, |html| html.replacen("</body>", &format!("{LINK_TO_DEVELOPMENT}</body>"), 1));
    }
    files
}

fn serve(files: Files) -> Spa {
    let pages = Spa::ours(files, &RULES);
    if !pages.is_built() {
        tracing::warn!("the pages were not built into this program: run `make web`, then build again");
    }
    pages
}
