//! OpenID Connect (Core 1.0, Discovery 1.0): one issuer, of which everything else is discovered.
//!
//! Invariants. The document's issuer is the configured one to the letter. An endpoint that it names is called only under the
//! rules of `outbound.rs`. A provider that knows PKCE but not S256 is not used. Keys are fetched again for a token that none of
//! them verifies once a minute at most, however many such tokens somebody sends (O35).

use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::id_token::{self, Expected, Unproven};
use super::issuer::Issuer;
use super::oauth2::{ClientAuthentication, exchange, read_protected};
use super::presets::{IssuerKind, Quirks, Verified};
use super::profile::{Claims, complete, is_true};
use super::{Callback, ClientRegistration, Failure, ProviderTokens, endpoint};
use crate::clock::{Clock, Timestamp};
use crate::{config, outbound};

/// The age after which a document, and the keys it names, are fetched again.
const FRESH: Duration = Duration::from_hours(1);
/// The shortest time between two fetches of keys for a token that none verifies. It also limits the retries for a document that
/// could not be fetched.
const REFETCH: Duration = Duration::from_mins(1);
/// The time limit for a profile that only adds to an ID token.
const ADDITION: Duration = Duration::from_secs(3);
/// The most keys that are read; real sets have two or three.
const MOST_KEYS: usize = 100;

/// An OpenID provider. Clones share everything.
#[derive(Clone)]
pub(super) struct OpenId(Arc<Inner>);

struct Inner {
    issuer: Issuer,
    /// The only tenants whose people may sign in; all when empty.
    tenants: Vec<String>,
    discovery_url: Url,
    authorize_url: Option<Url>,
    token_url: Option<Url>,
    userinfo_url: Option<Url>,
    quirks: &'static Quirks,
    clock: Clock,
    /// A lock that is held while the first document is fetched. All requests that arrive meanwhile wait for that fetch.
    first: Mutex<()>,
    discovered: Lock<Cached>,
}

/// The discovery document that was read last.
#[derive(Default)]
struct Cached {
    document: Option<Arc<Discovered>>,
    /// The time of the last request for it, with or without an answer.
    asked_at: Option<Timestamp>,
}

/// The discovered metadata, ready to use.
struct Discovered {
    issuer: Issuer,
    authorize_url: Url,
    token_url: Url,
    userinfo_url: Option<Url>,
    authentication: ClientAuthentication,
    is_iss_sent: bool,
    jwks_url: Url,
    keys: Mutex<Keys>,
    read_at: Timestamp,
}

struct Keys {
    all: Arc<[Jwk]>,
    read_at: Timestamp,
}

/// The provider's metadata (Discovery 1.0, section 3; RFC 8414; RFC 9207). Optional members may be `null`.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl OpenId {
    pub(super) fn new(
        settings: &config::Provider,
        (kind, quirks): (IssuerKind, &'static Quirks),
        clock: &Clock,
    ) -> Result<Self, String> {
        let issuer = configured_issuer(settings, kind)?;
        let optional =
            |key: &str, url: &Option<String>| url.as_deref().map(|text| endpoint(key, text)).transpose();
        let usual = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery_url = match optional("discovery_url", &settings.discovery_url)? {
            Some(url) => url,
            None => endpoint("issuer", &usual)?,
        };
        let issuer = match kind {
            IssuerKind::ByTenant(_) => Issuer::by_tenant(&issuer)?,
            _ => Issuer::One(issuer),
        };
        Ok(Self(Arc::new(Inner {
            issuer,
            tenants: settings.tenants.clone().unwrap_or_default(),
            discovery_url,
            authorize_url: optional("authorize_url", &settings.authorize_url)?,
            token_url: optional("token_url", &settings.token_url)?,
            userinfo_url: optional("userinfo_url", &settings.userinfo_url)?,
            quirks,
            clock: clock.clone(),
            first: Mutex::default(),
            discovered: Lock::default(),
        })))
    }

    /// Returns the addresses that the configuration names.
    pub(super) fn named(&self) -> Vec<Url> {
        let optional = [&self.0.token_url, &self.0.userinfo_url].into_iter().flatten();
        // With a discovery URL of its own, the issuer may be at another origin.
        let issuer = Url::parse(self.0.issuer.name()).ok();
        optional.chain([&self.0.discovery_url]).cloned().chain(issuer).collect()
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    pub(super) async fn authorize_url(&self, client: &Arc<ClientRegistration>) -> Result<Url, Failure> {
        Ok(self.discover(client).await?.authorize_url.clone())
    }

    pub(super) async fn identify(
        &self,
        client: &Arc<ClientRegistration>,
        callback: &Callback<'_>,
    ) -> Result<(Claims, ProviderTokens), Failure> {
        let discovered = self.discover(client).await?;
        // This check comes before the code is sent anywhere: it may be another provider's (RFC 9207, section 2.4).
        match callback.iss {
            Some(iss) if !discovered.issuer.covers(iss) => {
                return Err(Failure::Rejected("the answer comes from another issuer".into()));
            }
            None if discovered.is_iss_sent => {
                return Err(Failure::Rejected("the answer does not say its issuer".into()));
            }
            _ => {}
        }
        let exchanged = exchange(client, &discovered.token_url, discovered.authentication, callback).await?;
        let token = exchanged
            .id_token
            .ok_or_else(|| Failure::Rejected("there is no ID token in the answer".into()))?;
        let expected = Expected {
            issuer: &discovered.issuer,
            client_id: &client.id,
            nonce: callback.nonce,
            is_nonce_required: !client.quirks.omits_nonce,
            now: self.0.clock.now(),
            fresh_since: callback.fresh_since,
        };
        let mut told = discovered.verify(&client.caller, &token, &expected).await?;
        self.require_tenant(&told)?;
        discovered.complete(&client.caller, &mut told, &exchanged.tokens).await?;
        let mut claims = Claims::new(told, "sub")?;
        claims.issuer = claims.text("iss").unwrap_or_default();
        claims.email = claims.text("email");
        claims.email_verified = match client.quirks.verified {
            Verified::Standard => is_true(&claims.told["email_verified"]),
            Verified::DomainOwner => is_domain_owner(&claims.told["xms_edov"]),
        };
        claims.name = claims.text("name");
        claims.username = claims.text("preferred_username");
        Ok((claims, exchanged.tokens))
    }

    fn require_tenant(&self, told: &Value) -> Result<(), Failure> {
        let tenants = &self.0.tenants;
        let is_allowed = |tid: &str| tenants.iter().any(|tenant| tenant.eq_ignore_ascii_case(tid));
        if tenants.is_empty() || told["tid"].as_str().is_some_and(is_allowed) {
            return Ok(());
        }
        Err(Failure::NotAllowed("the tenant is not among `tenants`".into()))
    }

    /// Returns the metadata. A document that is older than an hour is still used, while it is fetched again in the background.
    /// So people can sign in by a provider whose discovery is unavailable for a while.
    async fn discover(&self, client: &Arc<ClientRegistration>) -> Result<Arc<Discovered>, Failure> {
        if let Some(document) = self.known(client) {
            return Ok(document);
        }
        let _first = self.0.first.lock().await;
        match self.known(client) {
            Some(document) => Ok(document),
            None => self.0.fetch(client).await,
        }
    }

    /// Returns the last document. An old one is requested again, once a minute at most.
    fn known(&self, client: &Arc<ClientRegistration>) -> Option<Arc<Discovered>> {
        let now = self.0.clock.now();
        let mut cached = self.0.cached();
        let document = Arc::clone(cached.document.as_ref()?);
        let is_due = cached.asked_at.is_none_or(|asked_at| now.since(asked_at) >= REFETCH);
        if now.since(document.read_at) >= FRESH && is_due {
            cached.asked_at = Some(now);
            let (inner, client) = (Arc::clone(&self.0), Arc::clone(client));
            tokio::spawn(async move {
                if let Err(failure) = inner.fetch(&client).await {
                    let issuer = inner.issuer.name();
                    tracing::warn!(issuer, ?failure, "discovery fails; the document of before still serves");
                }
            });
        }
        Some(document)
    }
}

/// Returns the issuer of the configuration, or the kind's own.
fn configured_issuer(settings: &config::Provider, kind: IssuerKind) -> Result<String, String> {
    let (default, example) = match kind {
        IssuerKind::Fixed(issuer) | IssuerKind::ByTenant(issuer) => (Some(issuer), issuer),
        IssuerKind::Configured(example) | IssuerKind::WithSlash(example) => (None, example),
    };
    let issuer = settings.issuer.as_deref().or(default);
    let mut issuer = issuer.ok_or_else(|| format!("issuer is needed, as in {example}"))?.to_owned();
    let base = endpoint("issuer", &issuer)?;
    if base.query().is_some() || base.fragment().is_some() {
        return Err("issuer: must have no query and no fragment".into());
    }
    if matches!(kind, IssuerKind::WithSlash(_)) && !issuer.ends_with('/') {
        issuer.push('/');
    }
    Ok(issuer)
}

/// Tells whether the claim is true. Microsoft writes it as a boolean, a number or a text.
fn is_domain_owner(value: &Value) -> bool {
    is_true(value) || *value == 1 || *value == "1"
}

impl Inner {
    fn cached(&self) -> std::sync::MutexGuard<'_, Cached> {
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self, client: &ClientRegistration) -> Result<Arc<Discovered>, Failure> {
        let value = fetch(&client.caller, &self.discovery_url).await?;
        let metadata = Metadata::deserialize(value)
            .map_err(|error| Failure::Unreachable(format!("the discovery document is not one: {error}")))?;
        let now = self.clock.now();
        let discovered = Arc::new(self.accept(&metadata, client, now).await?);
        *self.cached() = Cached { document: Some(Arc::clone(&discovered)), asked_at: Some(now) };
        Ok(discovered)
    }

    async fn accept(
        &self,
        metadata: &Metadata,
        client: &ClientRegistration,
        now: Timestamp,
    ) -> Result<Discovered, Failure> {
        let refuse = |complaint: String| Failure::Unreachable(format!("discovery: {complaint}"));
        let issuer = self.issuer.documented_as(&metadata.issuer).ok_or_else(|| {
            let told = metadata.issuer.escape_debug().to_string();
            refuse(format!("its issuer is `{told}`, not the configured `{}`", self.issuer.name()))
        })?;
        let methods = metadata.code_challenge_methods_supported.as_deref();
        let is_pkce_known = methods.is_none_or(|methods| methods.iter().any(|method| method == "S256"));
        if !is_pkce_known && !self.quirks.refuses_pkce {
            return Err(refuse("the provider does not support PKCE with S256".into()));
        }
        let url = |name: &str, text: &str| match Url::parse(text) {
            Ok(url) if client.caller.get(&url).is_ok() => Ok(url),
            _ => Err(refuse(format!("{name} is at an address that we do not call"))),
        };
        let token_url = match &self.token_url {
            Some(url) => url.clone(),
            None => url("token_endpoint", &metadata.token_endpoint)?,
        };
        let authorize_url = match &self.authorize_url {
            Some(url) => url.clone(),
            None => url("authorization_endpoint", &metadata.authorization_endpoint)?,
        };
        let userinfo_url = match (&self.userinfo_url, metadata.userinfo_endpoint.as_deref()) {
            (Some(url), _) => Some(url.clone()),
            (None, None | Some("")) => None,
            (None, Some(text)) => Some(url("userinfo_endpoint", text)?),
        };
        let jwks_url = url("jwks_uri", &metadata.jwks_uri)?;
        let keys = fetch_keys(&client.caller, &jwks_url).await?;
        Ok(Discovered {
            issuer,
            authorize_url,
            token_url,
            userinfo_url,
            authentication: authentication(metadata, self.quirks).map_err(refuse)?,
            is_iss_sent: metadata.authorization_response_iss_parameter_supported == Some(true),
            jwks_url,
            keys: Mutex::new(Keys { all: keys, read_at: now }),
            read_at: now,
        })
    }
}

impl Discovered {
    /// Returns the claims of a token. The keys are fetched again when none verifies it and the last fetch is long enough ago.
    async fn verify(
        &self,
        caller: &outbound::Caller,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Value, Failure> {
        let known = Arc::clone(&self.keys.lock().await.all);
        let unproven = match id_token::verify(token, &known, expected) {
            Err(unproven @ Unproven::Key(_)) => unproven,
            other => return other.map_err(|unproven| Failure::Rejected(unproven.reason())),
        };
        let mut keys = self.keys.lock().await;
        if expected.now.since(keys.read_at) >= REFETCH {
            keys.read_at = expected.now;
            keys.all = fetch_keys(caller, &self.jwks_url).await?;
        } else if Arc::ptr_eq(&keys.all, &known) {
            return Err(Failure::Rejected(unproven.reason()));
        }
        let all = Arc::clone(&keys.all);
        drop(keys);
        id_token::verify(token, &all, expected).map_err(|unproven| Failure::Rejected(unproven.reason()))
    }

    /// Adds the profile where the ID token leaves out the address, or whether it is verified. A token identifies the person
    /// without a profile as well. So a refused profile adds nothing and ends nothing.
    async fn complete(
        &self,
        caller: &outbound::Caller,
        told: &mut Value,
        tokens: &ProviderTokens,
    ) -> Result<(), Failure> {
        let has_email = !told["email"].is_null();
        let Some(url) = self.userinfo_url.as_ref().filter(|_| !has_email || told["email_verified"].is_null())
        else {
            return Ok(());
        };
        let read = read_protected(caller, url, &tokens.access_token);
        let read = if has_email {
            let late = |_| Err(Failure::Unreachable(format!("{} does not answer", url.path())));
            tokio::time::timeout(ADDITION, read).await.unwrap_or_else(late)
        } else {
            read.await
        };
        match read {
            Ok(more) => complete(told, more),
            Err(Failure::Unreachable(reason)) if !has_email => Err(Failure::Unreachable(reason)),
            Err(failure) => {
                tracing::warn!(?failure, "the profile is left out: the ID token has to do");
                Ok(())
            }
        }
    }
}

/// Chooses the client authentication. The default is `client_secret_basic` (Discovery 1.0, section 3). But a secret in the form
/// needs no double encoding, which providers get wrong.
fn authentication(metadata: &Metadata, quirks: &Quirks) -> Result<ClientAuthentication, String> {
    let Some(methods) = &metadata.token_endpoint_auth_methods_supported else {
        return Ok(quirks.authentication);
    };
    let has = |name: &str| methods.iter().any(|method| method == name);
    match (has("client_secret_post"), has("client_secret_basic")) {
        (true, _) => Ok(ClientAuthentication::Post),
        (false, true) => Ok(ClientAuthentication::Basic),
        (false, false) => Err("the token endpoint takes no client secret".into()),
    }
}

async fn fetch(caller: &outbound::Caller, url: &Url) -> Result<Value, Failure> {
    let request = caller.get(url).map_err(Failure::Unreachable)?;
    let reply = outbound::send(request).await.map_err(Failure::Unreachable)?;
    match (reply.status, reply.json()) {
        (200, Some(value)) => Ok(value),
        (status, _) => Err(Failure::Unreachable(format!("{} answered {status} and no JSON", url.path()))),
    }
}

/// Fetches the keys. A key that we cannot read is left out: sets hold keys for other uses and of future kinds.
async fn fetch_keys(caller: &outbound::Caller, url: &Url) -> Result<Arc<[Jwk]>, Failure> {
    let value = fetch(caller, url).await?;
    let keys = value["keys"].as_array().ok_or_else(|| Failure::Unreachable("there is no key set".into()))?;
    Ok(keys.iter().take(MOST_KEYS).filter_map(|key| Jwk::deserialize(key).ok()).collect())
}
