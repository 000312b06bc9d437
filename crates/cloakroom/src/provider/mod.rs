//! Sign-in by providers: the redirect to a provider, and the reading of its answer.
//!
//! A provider speaks one of two protocols: OAuth 2.0 with a profile of its own kind (`oauth2.rs`), or OpenID Connect
//! (`oidc.rs`). To add a provider: an entry in the table of `presets.rs`. It needs a file like `github.rs` only where a profile
//! takes more than one call.
//! Invariants. PKCE S256 (RFC 9700, section 2.1.1) is used unless the provider refuses it. A subject is taken exactly as it is.
//! An email address is verified only when the provider says `true`. No secret is in a URL or a log.

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

/// The reason why a provider vouches for nobody.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The person refused, or the provider refused for them.
    Denied,
    /// The provider answered, but the answer proves nothing; the reason is for the log.
    Rejected(String),
    /// The provider knows this person, but the configuration does not let them in; the reason is for the log.
    NotAllowed(String),
    /// The provider did not answer as a provider does; the cause is for the log.
    Unreachable(String),
}

/// A request to a provider's authorization endpoint.
pub(crate) struct AuthorizeRequest<'a> {
    /// The state, which comes back with the code.
    pub(crate) state: &'a str,
    /// The SHA-256 hash of the code verifier, as base64url (RFC 7636, section 4.2).
    pub(crate) code_challenge: &'a str,
    /// The nonce, which comes back in the ID token; for OpenID Connect.
    pub(crate) nonce: &'a str,
    /// True if the person must authenticate at the provider anew. An existing session there is not enough.
    pub(crate) is_fresh: bool,
}

/// The answer of the provider, and the data that the attempt kept for it.
pub(crate) struct Callback<'a> {
    /// The authorization code.
    pub(crate) code: &'a str,
    /// The code verifier, from which the code challenge was made.
    pub(crate) code_verifier: &'a str,
    /// The nonce that the ID token must hold.
    pub(crate) nonce: &'a str,
    /// The issuer that claims to have issued the code (RFC 9207).
    pub(crate) iss: Option<&'a str>,
    /// The data on the person in the answer, beside the code; JSON, unsigned.
    pub(crate) user: Option<&'a str>,
    /// The earliest time at which the person may have authenticated at the provider.
    pub(crate) fresh_since: Option<Timestamp>,
}

/// All providers of the configuration, in its order.
#[derive(Default)]
pub(crate) struct Providers {
    all: Vec<Provider>,
    /// True in `dev`, where the stand-in for Google also has the name that users of Python Social Auth have in their links.
    has_aliases: bool,
}

/// A provider.
pub(crate) struct Provider {
    id: String,
    trust_email: TrustEmail,
    store_tokens: bool,
    same_subjects: bool,
    client: Arc<ClientRegistration>,
    protocol: Protocol,
}

/// Our registration as a client of the provider.
struct ClientRegistration {
    id: String,
    secret: ClientSecret,
    quirks: &'static Quirks,
    /// The redirect URI, `{public_url}/auth/{provider}/callback`: from the configuration, never from a request.
    redirect_uri: String,
    /// The scopes, joined by spaces (RFC 6749, section 3.3).
    scope: String,
    caller: Caller,
}

enum Protocol {
    OAuth2(Box<oauth2::OAuth2>),
    OpenId(oidc::OpenId),
}

impl Providers {
    /// Prepares the providers that the configuration names. It makes no call.
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

    /// Returns no providers: the command line sends nobody to one.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Returns the provider with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Provider> {
        let named = |id: &str| self.all.iter().find(|provider| provider.id == id);
        named(id).or_else(|| named("google").filter(|_| self.has_aliases && id == "google-oauth2"))
    }

    /// Returns all providers, in the order of the configuration.
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

    /// Returns the id, which is the path segment.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the issuer of its subjects.
    pub(crate) fn issuer(&self) -> &Issuer {
        self.protocol.issuer()
    }

    /// Tells whether the operator declares that the previous issuer's subjects are those of this one.
    pub(crate) fn has_same_subjects(&self) -> bool {
        self.same_subjects
    }

    /// Returns the URL to which the person is sent (RFC 6749, section 4.1.1).
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
        // A request for `openid` sends a nonce, even where the profile is read instead of the ID token.
        let is_openid = matches!(self.protocol, Protocol::OpenId(_));
        if is_openid || self.client.scope.split(' ').any(|scope| scope == "openid") {
            query.append_pair("nonce", request.nonce);
        }
        // With `max_age` the provider reports the time, and it is checked (OpenID Connect Core, section 3.1.2.1).
        query.extend_pairs(parameters).extend_pairs(fresh.filter(|_| request.is_fresh));
        drop(query);
        Ok(url)
    }

    /// Exchanges the code, and reads the profile of its person.
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

/// Returns the name in the data that Apple sends once, with the first answer: `{"name": {"firstName", "lastName"}, "email"}`.
/// The address is not taken: the browser brings this data, so anybody may have written it.
fn name_of(user: &str) -> Option<String> {
    let told: Value = serde_json::from_str(user).ok()?;
    let part = |key: &str| told["name"][key].as_str().map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<&str> = [part("firstName"), part("lastName")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Checks the private key of a provider that has one.
///
/// # Errors
/// A complaint about the key.
pub(crate) fn check_private_key(key: &config::Secret) -> Result<(), String> {
    client_secret::read_key(key).map(drop)
}

/// Limits the time of several calls together to that of one: a person waits on the callback page.
async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Unreachable("no answer in time".into())),
    }
}

/// Parses an endpoint of the configuration.
fn endpoint(key: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("{key}: `{text}` is not a URL"))?;
    if is_safe(&url) { Ok(url) } else { Err(format!("{key}: must be https, or http on loopback")) }
}

/// Tells whether a URL is safe to call. Over plain http anyone on the way reads codes and tokens; on loopback there is nobody
/// on the way.
pub(crate) fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}
