//! The table of contents of the API.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::context::Context;
use crate::error::Error;
use crate::http::guard::never_kept;
use crate::http::{
    config, docs, email_change, email_verification, identities, login, logout, openapi, password_change,
    password_reset, profile, reauthentication, session, signup, social, social_email, social_link,
};

/// All calls of the contract.
fn routes() -> [UtoipaMethodRouter<()>; 29] {
    [
        routes!(login::login_set_cookie),
        routes!(login::login),
        routes!(logout::logout),
        routes!(logout::logout_all),
        routes!(reauthentication::reauthenticate),
        routes!(profile::profile),
        routes!(session::session),
        routes!(config::config),
        routes!(signup::signup),
        routes!(signup::resend),
        routes!(email_verification::check),
        routes!(email_verification::verify),
        routes!(password_reset::reset),
        routes!(password_reset::check),
        routes!(password_reset::confirm),
        routes!(password_change::change),
        routes!(password_change::set),
        routes!(email_change::change),
        routes!(email_change::check),
        routes!(email_change::confirm),
        routes!(email_change::check_undo),
        routes!(email_change::undo),
        routes!(social::start_by_link, social::start),
        routes!(social::finish),
        routes!(social_link::link),
        routes!(social_link::send_code),
        routes!(social_email::email),
        routes!(identities::identities),
        routes!(identities::unlink),
    ]
}

/// The document of all calls.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(collect().into_openapi())
}

pub(crate) fn router(context: &Context) -> Router {
    let (router, calls) = collect().split_for_parts();
    let has_docs = context.config().api.docs;
    let docs = if has_docs { docs::router(&openapi::complete(calls)) } else { Router::new() };
    router
        .merge(docs)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        // Also where an app nests the router below a path of its own.
        .layer(map_response(async |reply: Response| never_kept(reply)))
}

/// Canonical paths end in a slash; without it they work too, undocumented.
fn collect() -> OpenApiRouter {
    let mut router = OpenApiRouter::with_openapi(openapi::head());
    for call in routes() {
        for path in call.1.paths.keys() {
            router = router.route(path.trim_end_matches('/'), call.2.clone());
        }
        router = router.routes(call);
    }
    router
}
