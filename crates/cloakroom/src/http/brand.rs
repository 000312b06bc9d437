//! The brand's files: `GET /_cloakroom/logo-….svg` and the like.

use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::brand::{Brand, BrandFile};

/// Returns a route for each file.
pub(super) fn router(brand: &Brand) -> Router {
    brand.files().cloned().fold(Router::new(), |router, file| {
        let path = file.path().to_owned();
        router.route(&path, get(async move || reply(&file)))
    })
}

/// Replies with a file. Its name changes with its content, so it is cached for good.
fn reply(file: &BrandFile) -> impl IntoResponse + use<> {
    let headers = [
        (header::CONTENT_TYPE, file.content_type()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_SECURITY_POLICY, file.policy()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Mail programs in a browser show the logo on pages of another origin.
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, file.bytes().clone())
}
