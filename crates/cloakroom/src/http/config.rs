//! `GET /api/config/`

use serde::Serialize;
use utoipa::ToSchema;

use crate::brand::{Brand, BrandFile};
use crate::config::{App, SignupMode};
use crate::http::json::Json;
use crate::http::nest::Nest;
use crate::http::visit::Visit;
use crate::http::wire::ProviderView;
use crate::policy::LONGEST_PASSWORD;

/// The facts that a page needs before anybody is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfigView {
    app: AppView,
    /// The languages of pages and mails (RFC 5646); the first is for people who read none of them.
    languages: Vec<String>,
    signup: SignupView,
    password: PasswordView,
    /// The buttons of social login.
    providers: Vec<ProviderView>,
}

/// The app that people sign in to, and its brand. Paths are on the origin of the API.
#[derive(Serialize, ToSchema)]
struct AppView {
    name: String,
    /// The path of the logo.
    #[schema(required)]
    logo: Option<String>,
    /// The path of the logo on dark pages, which may be the same.
    #[schema(required)]
    logo_dark: Option<String>,
    /// The path of the icon.
    #[schema(required)]
    icon: Option<String>,
    /// The colour of buttons and links on light pages, as `#rrggbb`.
    #[schema(required)]
    accent: Option<String>,
    /// The email address or the URL at which people get help; or the path of a page.
    #[schema(required)]
    support: Option<String>,
    /// The URL or the path of the terms.
    #[schema(required)]
    terms: Option<String>,
    /// The URL or the path of the privacy notice.
    #[schema(required)]
    privacy: Option<String>,
}

impl AppView {
    fn new(app: &App, brand: &Brand, nest: &Nest) -> Self {
        let path = |file: Option<&BrandFile>| file.map(|file| format!("{}{}", nest.0, file.path()));
        Self {
            name: app.name.clone(),
            logo: path(brand.logo()),
            logo_dark: path(brand.logo_dark()),
            icon: path(brand.icon()),
            accent: brand.accent(),
            support: app.support.clone(),
            terms: app.terms.clone(),
            privacy: app.privacy.clone(),
        }
    }
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
pub(super) async fn config(nest: Nest, visit: Visit) -> Json<ConfigView> {
    let context = visit.context();
    let config = context.config();
    Json(ConfigView {
        app: AppView::new(&config.app, context.brand(), &nest),
        languages: config.app.languages.clone(),
        signup: SignupView { mode: config.signup.mode },
        password: PasswordView { min_length: config.password.min_length, max_length: LONGEST_PASSWORD },
        providers: config.provider.iter().map(ProviderView::from).collect(),
    })
}
