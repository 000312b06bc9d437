//! Other people's cloakrooms: where somebody is sent to prove who they are, and how the answer is read.
//!
//! A provider speaks one of two protocols: OAuth 2.0 with a profile of its own kind (`oauth2.rs`), or OpenID Connect
//! (`oidc.rs`). To add a provider: an entry in the table of `presets.rs`; a file as `github.rs` only where a profile takes
//! more than one call.
//! What must stay true: PKCE S256 (RFC 9700, section 2.1.1) unless the provider refuses it; a subject is taken exactly as it is,
//! and an email address is verified only when the provider says `true`; no secret is in a URL or a log.

mod client_secret;
mod facebook;
mod github;
mod id_token;
mod issuer;
mod name;
mod oauth2;
mod oidc;
mod presets;
mod profile;
#[cfg(test)]
mod tests;
mod validate;

use std::sync::Arc;

use serde_json::Value;
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::config::{self, Config, TrustEmail, is_loopback};
use crate::error;
use crate::outbound::{Caller, DEADLINE};
use client_secret::{Assertion, ClientSecret};
pub(crate) use issuer::Issuer;
pub(crate) use oauth2::short;
use presets::Quirks;
use presets::{IssuerKind, Protocol as KindOfProtocol, kind, kinds};
pub(crate) use profile::{Profile, ProviderTokens};
pub(crate) use validate::validate;

/// Why a provider vouches for nobody.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The person, or the provider for them, said no.
    Denied,
    /// The provider answered, and the answer proves nothing; why, for the log.
    Rejected(String),
    /// The provider knows this person, and the configuration does not let them in; why, for the log.
    NotAllowed(String),
    /// The provider did not answer as a provider does; what happened, for the log.
    Unreachable(String),
}

/// Where somebody is sent.
pub(crate) struct AuthorizeRequest<'a> {
    /// Comes back with the code.
    pub(crate) state: &'a str,
    /// SHA-256 of the code verifier, as base64url (RFC 7636, section 4.2).
    pub(crate) code_challenge: &'a str,
    /// Comes back in the ID token; for OpenID Connect.
    pub(crate) nonce: &'a str,
    /// Being signed in at the provider already is not enough: the person is to prove there who they are.
    pub(crate) is_fresh: bool,
}

/// What came back, and what the attempt kept for it.
pub(crate) struct Callback<'a> {
    /// The authorization code.
    pub(crate) code: &'a str,
    /// What the code challenge was made of.
    pub(crate) code_verifier: &'a str,
    /// What the ID token must hold.
    pub(crate) nonce: &'a str,
    /// Who says to have issued the code (RFC 9207).
    pub(crate) iss: Option<&'a str>,
    /// What the answer tells of the person, beside the code; JSON, unsigned.
    pub(crate) user: Option<&'a str>,
    /// When the person has proven at the provider who they are, it was not before this.
    pub(crate) fresh_since: Option<Timestamp>,
}

/// Every provider of the configuration, in its order.
#[derive(Default)]
pub(crate) struct Providers {
    all: Vec<Provider>,
    /// In `dev` the stand-in for Google has the name that users of Python Social Auth have in their links, too.
    has_aliases: bool,
}

/// One provider.
pub(crate) struct Provider {
    id: String,
    trust_email: TrustEmail,
    store_tokens: bool,
    same_subjects: bool,
    client: Arc<ClientRegistration>,
    protocol: Protocol,
}

/// What the provider knows us by.
struct ClientRegistration {
    id: String,
    secret: ClientSecret,
    quirks: &'static Quirks,
    /// `{public_url}/auth/{provider}/callback`: from the configuration, never from a request.
    redirect_uri: String,
    /// Joined by spaces (RFC 6749, section 3.3).
    scope: String,
    caller: Caller,
}

enum Protocol {
    OAuth2(Box<oauth2::OAuth2>),
    OpenId(oidc::OpenId),
}

impl Providers {
    /// Prepares what the configuration names; calls nobody.
    ///
    /// # Errors
    /// [`error::Error::Config`] for a provider that cannot be used.
    pub(crate) fn open(config: &Config, clock: &Clock) -> error::Result<Self> {
        if config.provider.is_empty() {
            return Ok(Self::default());
        }
        let caller = Caller::open()?;
        let prepared = config.provider.iter().enumerate().map(|(index, provider)| {
            Provider::prepare(provider, config, &caller, clock).map_err(|complaint| {
                config.complaint(&format!("provider.{index}"), format!("`{}`: {complaint}", provider.id))
            })
        });
        let all = prepared.collect::<error::Result<_>>()?;
        Ok(Self { all, has_aliases: config.development })
    }

    /// None: for the command line, which sends nobody anywhere.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// The provider with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Provider> {
        let named = |id: &str| self.all.iter().find(|provider| provider.id == id);
        named(id).or_else(|| named("google").filter(|_| self.has_aliases && id == "google-oauth2"))
    }

    /// All of them, in the order of the configuration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.all.iter()
    }
}

impl Provider {
    fn prepare(
        settings: &config::Provider,
        config: &Config,
        caller: &Caller,
        clock: &Clock,
    ) -> Result<Self, String> {
        let kind = kind(settings).ok_or("this kind is not known")?;
        if settings.client_id.is_empty() {
            return Err("client_id is needed".into());
        }
        let quirks = &kind.quirks;
        let (protocol, named) = match &kind.protocol {
            KindOfProtocol::OAuth2(endpoints) => {
                let oauth2 = oauth2::OAuth2::new(settings, endpoints)?;
                let named = oauth2.endpoints();
                (Protocol::OAuth2(Box::new(oauth2)), named)
            }
            KindOfProtocol::OpenId(issuer) => {
                let openid = oidc::OpenId::new(settings, (*issuer, quirks), clock)?;
                let named = openid.named();
                (Protocol::OpenId(openid), named)
            }
        };
        let given = settings.client_secret.clone().filter(|secret| !secret.expose().is_empty());
        let secret = match given {
            Some(secret) => ClientSecret::Given(secret),
            None if quirks.signs_secret => {
                let audience = protocol.issuer().name();
                ClientSecret::Signed(Box::new(Assertion::new(settings, audience, clock)?))
            }
            None => return Err("client_secret is needed".into()),
        };
        let scope = match &settings.scopes {
            Some(scopes) => scopes.join(" "),
            None => kind.scopes.join(" "),
        };
        Ok(Self {
            id: settings.id.clone(),
            trust_email: settings.trust_email.unwrap_or(kind.trust_email),
            store_tokens: settings.store_tokens,
            same_subjects: settings.same_subjects,
            client: Arc::new(ClientRegistration {
                id: settings.client_id.clone(),
                secret,
                quirks,
                redirect_uri: format!("{}/auth/{}/callback", config.public_url.origin(), settings.id),
                scope,
                caller: caller.naming(&named),
            }),
            protocol,
        })
    }

    /// The path segment.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whose subjects it has.
    pub(crate) fn issuer(&self) -> &Issuer {
        self.protocol.issuer()
    }

    /// Whether the operator says that the subjects of the issuer before are those of this one.
    pub(crate) fn has_same_subjects(&self) -> bool {
        self.same_subjects
    }

    /// Where to send somebody (RFC 6749, section 4.1.1).
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when discovery fails.
    pub(crate) async fn authorize(&self, request: &AuthorizeRequest<'_>) -> Result<Url, Failure> {
        let mut url = match &self.protocol {
            Protocol::OAuth2(oauth2) => oauth2.authorize_url.clone(),
            Protocol::OpenId(openid) => in_time(openid.authorize_url(&self.client)).await?,
        };
        let Quirks { refuses_pkce, parameters, fresh, .. } = *self.client.quirks;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", &self.client.redirect_uri)
            .append_pair("scope", &self.client.scope)
            .append_pair("state", request.state);
        if !refuses_pkce {
            query
                .append_pair("code_challenge", request.code_challenge)
                .append_pair("code_challenge_method", "S256");
        }
        // Whoever asks for `openid` sends one, even where the profile is read instead of the ID token.
        let is_openid = matches!(self.protocol, Protocol::OpenId(_));
        if is_openid || self.client.scope.split(' ').any(|scope| scope == "openid") {
            query.append_pair("nonce", request.nonce);
        }
        // With `max_age` the time is told, and checked (OpenID Connect Core, section 3.1.2.1).
        query.extend_pairs(parameters).extend_pairs(fresh.filter(|_| request.is_fresh));
        drop(query);
        Ok(url)
    }

    /// Exchanges the code, and reads who it was given to.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub(crate) async fn profile(&self, callback: &Callback<'_>) -> Result<Profile, Failure> {
        let read = async {
            match &self.protocol {
                Protocol::OAuth2(oauth2) => oauth2.identify(&self.client, callback).await,
                Protocol::OpenId(openid) => openid.identify(&self.client, callback).await,
            }
        };
        let (mut claims, tokens) = in_time(read).await?;
        if self.client.quirks.tells_name_in_answer && claims.name.is_none() {
            claims.name = callback.user.and_then(name_of);
            if let Some(name) = &claims.name {
                claims.told["name"] = name.as_str().into();
            }
        }
        Ok(claims.judged_by(self.trust_email).with_tokens(self.store_tokens.then_some(tokens)))
    }
}

impl Protocol {
    fn issuer(&self) -> &Issuer {
        match self {
            Self::OAuth2(oauth2) => &oauth2.issuer,
            Self::OpenId(openid) => openid.issuer(),
        }
    }
}

/// The name in what Apple tells once, with the first answer: `{"name": {"firstName", "lastName"}, "email"}`. The address is
/// not taken: the browser brings this, so anybody may have written it.
fn name_of(user: &str) -> Option<String> {
    let told: Value = serde_json::from_str(user).ok()?;
    let part = |key: &str| told["name"][key].as_str().map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<&str> = [part("firstName"), part("lastName")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Checks the private key of a provider that has one.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_private_key(key: &config::Secret) -> Result<(), String> {
    client_secret::read_key(key).map(drop)
}

/// Several calls together take no longer than one may: somebody waits before the callback page.
async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Unreachable("no answer in time".into())),
    }
}

/// An endpoint of the configuration.
fn endpoint(key: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("{key}: `{text}` is not a URL"))?;
    if is_safe(&url) { Ok(url) } else { Err(format!("{key}: must be https, or http on loopback")) }
}

/// Over plain http anyone on the way reads codes and tokens; on loopback there is nobody on the way.
pub(crate) fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}
