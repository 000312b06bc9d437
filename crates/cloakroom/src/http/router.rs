//! The table of contents of the API.

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::context::Context;
use crate::http::account::{email_change, email_verification, password_change, password_reset, signup};
use crate::http::guard::never_kept;
use crate::http::rejection::Rejection;
use crate::http::sign_in::{login, logout, profile, reauthentication, session};
use crate::http::social::{self, email, identities, link};
use crate::http::{brand, config, docs, openapi};

/// Returns every call of the contract, grouped by its callers.
fn routes() -> impl Iterator<Item = UtoipaMethodRouter<()>> {
    let everyone = [
        // Every page, before it knows whether somebody is signed in.
        routes!(config::config),
        routes!(session::session),
        routes!(login::login_set_cookie),
    ];
    let signing_in = [
        // The sign-in page, and dialogs that ask for another proof of identity.
        routes!(login::login),
        routes!(reauthentication::reauthenticate),
        routes!(logout::logout),
        routes!(logout::logout_all),
        // Sign-in by a provider: the button, the callback page, and the steps that may follow before the session.
        routes!(social::start_by_link, social::start),
        routes!(social::finish),
        routes!(link::link),
        routes!(link::send_code),
        routes!(email::email),
    ];
    let by_mail = [
        // Signup, and pages that a link in a mail opens, in any browser.
        routes!(signup::signup),
        routes!(signup::resend),
        routes!(email_verification::check),
        routes!(email_verification::verify),
        routes!(password_reset::reset),
        routes!(password_reset::check),
        routes!(password_reset::confirm),
        routes!(email_change::check),
        routes!(email_change::confirm),
        routes!(email_change::check_undo),
        routes!(email_change::undo),
    ];
    let account = [
        // The account pages of somebody who is signed in.
        routes!(profile::profile),
        routes!(password_change::change),
        routes!(password_change::set),
        routes!(email_change::change),
        routes!(identities::identities),
        routes!(identities::unlink),
    ];
    everyone.into_iter().chain(signing_in).chain(by_mail).chain(account)
}

/// Returns the document of all calls.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(collect().into_openapi())
}

pub(crate) fn router(context: &Context) -> Router {
    let (router, calls) = collect().split_for_parts();
    let has_docs = context.config().api.docs;
    let docs = if has_docs { docs::router(&openapi::complete(calls)) } else { Router::new() };
    router
        .merge(docs)
        .method_not_allowed_fallback(async || Rejection::MethodNotAllowed)
        // This also holds where an app nests the router below a path of its own.
        .layer(map_response(async |reply: Response| never_kept(reply)))
        .merge(brand::router(context.brand()))
}

/// Collects the calls. Canonical paths end in a slash; without it they work too, undocumented.
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
