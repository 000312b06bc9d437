//! `POST /api/logout/` and `POST /api/logout/all/`

use crate::error::Result;
use crate::flow::sign_in::logout;
use crate::http::cookies::SetCookies;
use crate::http::extract::{CsrfCookie, SessionRequired};
use crate::http::json::{Json, Nothing};
use crate::http::visit::Visit;
use crate::http::wire::Detail;

/// Sign out
///
/// Ends this browser's session; works with one that has ended already, and without one it needs no CSRF token.
#[utoipa::path(
    post,
    path = "/api/logout/",
    tag = "login",
    responses((status = 200, body = Detail)),
)]
pub(in crate::http) async fn logout(
    visit: Visit,
    _: CsrfCookie,
    _: Nothing,
) -> Result<(Option<SetCookies>, Json<Detail>)> {
    logout::here(visit.context(), visit.visitor()).await?;
    // A request without a session cookie may be forged, so cookies that it does not show are not expired.
    let cookies = visit.has_session_cookie().then(|| SetCookies::signed_out(&visit));
    Ok((cookies, Json(Detail { detail: "Logout Successful" })))
}

/// Sign out on every device
#[utoipa::path(
    post,
    path = "/api/logout/all/",
    tag = "login",
    responses((status = 200, body = Detail)),
)]
pub(in crate::http) async fn logout_all(
    visit: Visit,
    _: SessionRequired,
    _: Nothing,
) -> Result<(SetCookies, Json<Detail>)> {
    logout::everywhere(visit.context(), visit.visitor(), visit.require_session().await?).await?;
    Ok((SetCookies::signed_out(&visit), Json(Detail { detail: "Logout Successful" })))
}
