//! `GET /api/login-set-cookie/` and `POST /api/login/`

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Result;
use crate::flow::login::{self, SignedIn};
use crate::http::cookies::SetCookies;
use crate::http::extract::CsrfCookie;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::model::user::User;

/// What was done, in a word.
#[derive(Serialize, ToSchema)]
pub(super) struct Detail {
    /// A word or two; programs look at the status.
    pub(super) detail: &'static str,
}

/// An email address and the password of its account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// In any spelling of the address.
    #[serde(default)]
    #[schema(required, min_length = 1)]
    pub(super) email: String,
    /// To the byte as it was chosen.
    #[serde(default)]
    #[schema(required, format = Password, min_length = 1)]
    pub(super) password: String,
}

/// What comes after the password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Next {
    /// Nothing: signed in.
    Done,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct LoggedIn {
    /// `Success`
    detail: &'static str,
    next: Next,
    user: User,
}

impl LoggedIn {
    /// The ticket in its cookie, and whose it is.
    pub(super) fn reply(visit: &Visit, signed_in: SignedIn) -> (SetCookies, Json<Self>) {
        let cookies = SetCookies::signed_in(visit, &signed_in.ticket);
        (cookies, Json(Self { detail: "Success", next: Next::Done, user: signed_in.user }))
    }
}

/// Set the CSRF cookie
///
/// A page calls this when it loads, so that it can send `X-CSRFToken` later.
#[utoipa::path(get, path = "/api/login-set-cookie/", tag = "login", responses((status = 200, body = Detail)))]
pub(super) async fn login_set_cookie(_: CsrfCookie) -> Json<Detail> {
    Json(Detail { detail: "CSRF cookie set" })
}

/// Sign in by email and password
#[utoipa::path(post, path = "/api/login/", tag = "login", request_body = Credentials, responses((status = 200, body = LoggedIn), (status = 400, description = "invalid_credentials"), (status = 403, description = "account_inactive"), (status = 429, description = "rate_limited")))]
pub(super) async fn login(
    visit: Visit,
    Json(credentials): Json<Credentials>,
) -> Result<(SetCookies, Json<LoggedIn>)> {
    let Credentials { email, password } = credentials;
    let signed_in = login::with_password(visit.context(), visit.visitor(), &email, &password).await?;
    Ok(LoggedIn::reply(&visit, signed_in))
}
