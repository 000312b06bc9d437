//! Fakes of GitHub, Google and Facebook on your own machine. In `cloakroom dev`, a page lets you choose a person to sign
//! in as. In tests, [`FakeProvider::consent`] answers in place of that page.
//!
//! Invariants: it is as strict as the real ones (client secret, exact redirect URI, PKCE, codes that work once). It
//! answers in their formats, odd ones included. It knows nothing of Cloakroom, so that a mistake there is not repeated
//! here.

mod authorize;
mod grants;
mod people;
mod profile;
mod signing;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use grants::Grants;
pub use people::{Mood, Person};
use signing::Signer;

/// The provider that is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `github.com`: OAuth 2.0, with the addresses at an endpoint of their own.
    GitHub,
    /// `accounts.google.com`: OpenID Connect.
    Google,
    /// `facebook.com`: OAuth 2.0 and the Graph API.
    Facebook,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::Google, Self::Facebook];

    /// Returns the name in paths and configuration.
    pub const fn id(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Google => "google",
            Self::Facebook => "facebook",
        }
    }

    /// Tells whether the provider says if an address is verified. Facebook's Graph API does not.
    pub const fn vouches(self) -> bool {
        !matches!(self, Self::Facebook)
    }

    /// Returns the name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::Google => "Google",
            Self::Facebook => "Facebook",
        }
    }
}

/// A provider at which one app is registered. Clones share everything.
#[derive(Clone)]
pub struct FakeProvider(Arc<Inner>);

struct Inner {
    kind: Kind,
    /// The URL of the provider, without a slash at the end.
    base: String,
    /// `{public_url}/auth/{id}/callback`
    redirect_uri: String,
    grants: Mutex<Grants>,
    signer: Signer,
}

/// The parameters that a browser brings back to the redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The authorization code, unless the person refused.
    pub code: Option<String>,
    /// The `state` of the request, unchanged.
    pub state: String,
    /// The error, which is `access_denied` when the person refused.
    pub error: Option<String>,
}

impl FakeProvider {
    /// Creates a provider whose router is served at `base`, for an app at `public_url`.
    pub fn new(kind: Kind, base: &str, public_url: &str) -> Self {
        Self(Arc::new(Inner {
            kind,
            base: base.trim_end_matches('/').to_owned(),
            redirect_uri: format!("{public_url}/auth/{}/callback", kind.id()),
            grants: Mutex::default(),
            signer: Signer::generate(),
        }))
    }

    /// Creates a provider, and serves it on a loopback port of its own as long as the runtime lives.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn listen(kind: Kind, public_url: &str) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let provider = Self::new(kind, &format!("http://{address}"), public_url);
        let router = provider.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Returns the kind of provider that it imitates.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the routes below `base`.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .route("/authorize", get(authorize::page).post(authorize::decide))
            .route("/style.css", get(authorize::style));
        let router = match self.0.kind {
            Kind::GitHub => router
                .route("/token", axum::routing::post(token::github))
                .route("/user", get(profile::github_user))
                .route("/user/emails", get(profile::github_emails)),
            Kind::Google => router
                .route("/.well-known/openid-configuration", get(signing::discovery))
                .route("/certs", get(signing::keys))
                .route("/token", axum::routing::post(token::google))
                .route("/userinfo", get(profile::google_userinfo)),
            Kind::Facebook => router
                .route("/token", get(token::facebook_by_query).post(token::facebook))
                .route("/me", get(profile::facebook_me)),
        };
        router.with_state(self.clone())
    }

    /// Returns the `[[provider]]` table that points to this provider.
    pub fn configuration(&self) -> Value {
        let Inner { kind, base, .. } = &*self.0;
        let mut table = json!({
            "id": kind.id(), "kind": kind.id(), "name": kind.name(),
            "client_id": self.client_id(), "client_secret": self.client_secret(),
        });
        match kind {
            Kind::Google => table["issuer"] = base.as_str().into(),
            Kind::GitHub | Kind::Facebook => {
                let userinfo = if *kind == Kind::GitHub { "user" } else { "me" };
                table["authorize_url"] = format!("{base}/authorize").into();
                table["token_url"] = format!("{base}/token").into();
                table["userinfo_url"] = format!("{base}/{userinfo}").into();
            }
        }
        table
    }

    /// Acts as a person at the authorize URL: signs in as `person`, while the provider behaves as `mood` says.
    ///
    /// # Errors
    /// Returns the message of the page if it would not accept the URL.
    pub fn consent(&self, authorize_url: &str, person: &Person, mood: Mood) -> Result<Answer, String> {
        let query = url::Url::parse(authorize_url).map_err(|error| error.to_string())?;
        let request = authorize::Request::from_pairs(query.query_pairs());
        let request = self.accept(request)?;
        Ok(self.answer(&request, person, mood))
    }

    fn client_id(&self) -> String {
        format!("dev-{}", self.0.kind.id())
    }

    fn client_secret(&self) -> String {
        format!("dev-{}-secret", self.0.kind.id())
    }

    fn grants(&self) -> std::sync::MutexGuard<'_, Grants> {
        self.0.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
