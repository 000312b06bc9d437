//! `GET /api/config/`

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::SignupMode;
use crate::http::json::Json;
use crate::http::visit::Visit;
use crate::http::wire::ProviderView;
use crate::policy::LONGEST_PASSWORD;

/// The facts that a page needs before anybody is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfigView {
    app: AppView,
    signup: SignupView,
    password: PasswordView,
    /// The buttons of social login.
    providers: Vec<ProviderView>,
}

/// The app that people sign in to.
#[derive(Serialize, ToSchema)]
struct AppView {
    name: String,
}

/// The people who may make an account.
#[derive(Serialize, ToSchema)]
struct SignupView {
    mode: SignupMode,
}

/// The rule for new passwords.
#[derive(Serialize, ToSchema)]
struct PasswordView {
    /// In characters.
    min_length: usize,
    /// In bytes of UTF-8.
    max_length: usize,
}

/// Read what a page needs before anybody is signed in
#[utoipa::path(
    get,
    path = "/api/config/",
    tag = "session",
    responses((status = 200, body = ConfigView)),
)]
pub(super) async fn config(visit: Visit) -> Json<ConfigView> {
    let config = visit.context().config();
    Json(ConfigView {
        app: AppView { name: config.app.name.clone() },
        signup: SignupView { mode: config.signup.mode },
        password: PasswordView { min_length: config.password.min_length, max_length: LONGEST_PASSWORD },
        providers: config.provider.iter().map(ProviderView::from).collect(),
    })
}
