//! `GET /api/login-set-cookie/` and `POST /api/login/`

use crate::error::Result;
use crate::flow::sign_in::password;
use crate::http::cookies::SetCookies;
use crate::http::extract::CsrfCookie;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::{Credentials, Detail, LoggedIn};

/// Set the CSRF cookie
///
/// A page calls this when it loads, so that it can send `X-CSRFToken` later.
#[utoipa::path(
    get,
    path = "/api/login-set-cookie/",
    tag = "login",
    responses((status = 200, body = Detail)),
)]
pub(in crate::http) async fn login_set_cookie(_: CsrfCookie) -> Json<Detail> {
    Json(Detail { detail: "CSRF cookie set" })
}

/// Sign in by email and password
#[utoipa::path(
    post,
    path = "/api/login/",
    tag = "login",
    request_body = Credentials,
    responses(
        (status = 200, body = LoggedIn),
        (status = 400, description = "invalid_credentials"),
        (status = 403, description = "account_inactive"),
        (status = 429, description = "rate_limited"),
    ),
)]
pub(in crate::http) async fn login(
    visit: Visit,
    Json(credentials): Json<Credentials>,
) -> Result<(Option<SetCookies>, Json<LoggedIn>)> {
    let outcome =
        password::with_password(visit.context(), visit.visitor(), &credentials.email, &credentials.password)
            .await?;
    LoggedIn::reply(&visit, outcome)
}
