//! Other people's cloakrooms: where somebody is sent to prove who they are, and how the answer is read.
//!
//! A provider speaks one of two protocols: OAuth 2.0 with a profile of its own kind (`oauth2.rs`, and a small file for each
//! kind), or OpenID Connect (`oidc.rs`). To add an OAuth 2.0 provider: a file as `github.rs`, and its line in `presets.rs`.
//! What must stay true: PKCE S256 always (RFC 9700, section 2.1.1); a subject is taken exactly as it is, and an
//! email address is verified only when the provider says so with a boolean `true`; no secret is in a URL or a log.

mod facebook;
mod github;
mod google;
mod id_token;
mod oauth2;
mod oidc;
mod presets;
mod profile;
#[cfg(test)]
mod tests;

use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::config::{self, Config, Secret, TrustEmail};
use crate::error;
use crate::outbound::{Caller, DEADLINE};
pub(crate) use presets::{Protocol as Kind, kind, kinds};
pub(crate) use profile::{Profile, ProviderTokens};

/// Why a provider vouches for nobody.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The person, or the provider for them, said no.
    Denied,
    /// The provider answered, and the answer proves nothing; why, for the log.
    Rejected(String),
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
    /// When the person has proven at the provider who they are, it was not before this.
    pub(crate) fresh_since: Option<Timestamp>,
}

/// Every provider of the configuration, in its order.
pub(crate) struct Providers(Vec<Provider>);

/// One provider.
pub(crate) struct Provider {
    id: String,
    trust_email: TrustEmail,
    store_tokens: bool,
    client: ClientRegistration,
    protocol: Protocol,
}

/// What the provider knows us by.
struct ClientRegistration {
    id: String,
    secret: Secret,
    /// `{public_url}/auth/{provider}/callback`: from the configuration, never from a request.
    redirect_uri: String,
    /// Joined by spaces (RFC 6749, section 3.3).
    scope: String,
    caller: Caller,
}

enum Protocol {
    OAuth2(oauth2::OAuth2),
    OpenId(oidc::OpenId),
}

impl Providers {
    /// Prepares what the configuration names; calls nobody.
    ///
    /// # Errors
    /// [`error::Error::Config`] for a provider that cannot be used.
    pub(crate) fn open(config: &Config, clock: &Clock) -> error::Result<Self> {
        if config.provider.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let caller = Caller::open()?;
        let prepared = config.provider.iter().enumerate().map(|(index, provider)| {
            Provider::prepare(provider, config, &caller, clock).map_err(|complaint| {
                config.complaint(&format!("provider.{index}"), format!("`{}`: {complaint}", provider.id))
            })
        });
        prepared.collect::<error::Result<_>>().map(Self)
    }

    /// None: for the command line, which sends nobody anywhere.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// The provider with this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.id == id)
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
        let secret = settings.client_secret.clone().filter(|secret| !secret.expose().is_empty());
        if settings.client_id.is_empty() {
            return Err("client_id is needed".into());
        }
        let (scopes, trust_email, protocol, named) = match kind {
            Kind::OAuth2(preset) => {
                let oauth2 = oauth2::OAuth2::new(settings, preset)?;
                let named = oauth2.endpoints();
                (preset.scopes, preset.trust_email, Protocol::OAuth2(oauth2), named)
            }
            Kind::OpenId { issuer } => {
                let openid = oidc::OpenId::new(settings, *issuer, clock)?;
                let named = openid.named();
                (oidc::SCOPES, TrustEmail::Verified, Protocol::OpenId(openid), named)
            }
        };
        let scope = match &settings.scopes {
            Some(scopes) => scopes.join(" "),
            None => scopes.join(" "),
        };
        Ok(Self {
            id: settings.id.clone(),
            trust_email: settings.trust_email.unwrap_or(trust_email),
            store_tokens: settings.store_tokens,
            client: ClientRegistration {
                id: settings.client_id.clone(),
                secret: secret.ok_or("client_secret is needed")?,
                redirect_uri: format!("{}/auth/{}/callback", config.public_url.origin(), settings.id),
                scope,
                caller: caller.naming(&named),
            },
            protocol,
        })
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
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", &self.client.redirect_uri)
            .append_pair("scope", &self.client.scope)
            .append_pair("state", request.state)
            .append_pair("code_challenge", request.code_challenge)
            .append_pair("code_challenge_method", "S256");
        match &self.protocol {
            Protocol::OpenId(_) => {
                query.append_pair("nonce", request.nonce);
                if request.is_fresh {
                    // The time is told then, and checked (OpenID Connect Core, section 3.1.2.1).
                    query.append_pair("max_age", "0");
                }
            }
            Protocol::OAuth2(oauth2) => {
                // Whoever asks for `openid` sends one, even where the profile is read instead of the ID token.
                if self.client.scope.split(' ').any(|scope| scope == "openid") {
                    query.append_pair("nonce", request.nonce);
                }
                if let Some((name, value)) = oauth2.fresh.filter(|_| request.is_fresh) {
                    query.append_pair(name, value);
                }
            }
        }
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
        let (claims, tokens) = in_time(read).await?;
        Ok(claims.judged_by(self.trust_email).with_tokens(self.store_tokens.then_some(tokens)))
    }
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
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" && url.host().is_some() || url.scheme() == "http" && is_loopback
}
