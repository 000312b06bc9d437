//! `GET /api/session/`

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::http::extract::CsrfCookie;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::SignInState;
use crate::model::method::{self, Method};
use crate::model::user::User;

/// The session of this browser.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SessionView {
    /// `anonymous` or `authenticated`.
    state: SignInState,
    /// Only when authenticated.
    #[schema(required)]
    user: Option<User>,
    /// The last proof of identity.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    authenticated_at: Option<Timestamp>,
    /// The time at which the session ends if nothing more happens.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// The authentication assurance level (NIST SP 800-63B): 2 after a passkey, or after a first and a second method, else 1.
    #[schema(minimum = 1, maximum = 2, required)]
    aal: Option<u8>,
    /// The methods that the session was opened or last proven with, in the order of their proof.
    amr: Vec<Method>,
    /// The methods that a second step may be done by.
    methods: Vec<Method>,
    /// The tasks that are open before the account can be used.
    tasks: Vec<serde_json::Value>,
}

impl SessionView {
    fn anonymous() -> Self {
        Self {
            state: SignInState::Anonymous,
            user: None,
            authenticated_at: None,
            expires_at: None,
            aal: None,
            amr: Vec::new(),
            methods: Vec::new(),
            tasks: Vec::new(),
        }
    }
}

/// Read this browser's session
///
/// Always 200, and sets the CSRF cookie where the browser lacks it. A page asks this when it starts.
#[utoipa::path(
    get,
    path = "/api/session/",
    tag = "session",
    responses((status = 200, body = SessionView)),
)]
pub(in crate::http) async fn session(visit: Visit, _: CsrfCookie) -> Result<Json<SessionView>> {
    let Some(live) = visit.session().await? else {
        // A dead ticket stays: this reply may arrive after the reply to a sign-in, and would expire the new ticket.
        return Ok(Json(SessionView::anonymous()));
    };
    let view = SessionView {
        state: SignInState::Authenticated,
        user: Some(live.user.clone()),
        authenticated_at: Some(live.authenticated_at),
        expires_at: Some(visit.context().sessions().ends_at(live)),
        aal: Some(method::assurance_level(&live.methods)),
        amr: live.methods.to_vec(),
        ..SessionView::anonymous()
    };
    Ok(Json(view))
}
