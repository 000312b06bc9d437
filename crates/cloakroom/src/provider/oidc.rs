//! OpenID Connect (Core 1.0, Discovery 1.0): one issuer, of which everything else is discovered.
//!
//! What must stay true: the document's issuer is the configured one to the letter; an endpoint that it names is called
//! only under the rules of `outbound.rs`; a provider that knows PKCE but not S256 is not used; and keys are fetched
//! again for a token with an unknown `kid` once a minute at most, however many such tokens somebody sends (O35).

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::id_token::{self, Expected};
use super::oauth2::{ClientAuthentication, exchange, read_protected};
use super::profile::{Claims, subject_of};
use super::{Callback, ClientRegistration, Failure, ProviderTokens, endpoint};
use crate::clock::{Clock, Timestamp};
use crate::{config, outbound};

/// What is asked for when nothing else is configured.
pub(super) const SCOPES: &[&str] = &["openid", "email", "profile"];
/// How long a document, and the keys it names, are believed.
const FRESH: Duration = Duration::from_hours(1);
/// Keys are fetched for an unknown `kid` at most this often.
const REFETCH: Duration = Duration::from_mins(1);
/// The most keys that are read; real sets have two or three.
const MOST_KEYS: usize = 100;

/// An OpenID provider.
pub(super) struct OpenId {
    issuer: String,
    discovery_url: Url,
    authorize_url: Option<Url>,
    token_url: Option<Url>,
    userinfo_url: Option<Url>,
    clock: Clock,
    discovered: Mutex<Option<Arc<Discovered>>>,
}

/// What was discovered, ready to use.
struct Discovered {
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

/// The provider's metadata (Discovery 1.0, section 3; RFC 8414; RFC 9207).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl OpenId {
    pub(super) fn new(
        settings: &config::Provider,
        default: Option<&str>,
        clock: &Clock,
    ) -> Result<Self, String> {
        let issuer = settings.issuer.as_deref().or(default).ok_or("issuer is needed")?;
        let base = endpoint("issuer", issuer)?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err("issuer: must have no query and no fragment".into());
        }
        let optional =
            |key: &str, url: &Option<String>| url.as_deref().map(|text| endpoint(key, text)).transpose();
        let document = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        Ok(Self {
            issuer: issuer.to_owned(),
            discovery_url: endpoint("issuer", &document)?,
            authorize_url: optional("authorize_url", &settings.authorize_url)?,
            token_url: optional("token_url", &settings.token_url)?,
            userinfo_url: optional("userinfo_url", &settings.userinfo_url)?,
            clock: clock.clone(),
            discovered: Mutex::default(),
        })
    }

    /// The addresses that the configuration names.
    pub(super) fn named(&self) -> Vec<Url> {
        let optional = [&self.token_url, &self.userinfo_url].into_iter().flatten();
        optional.chain([&self.discovery_url]).cloned().collect()
    }

    pub(super) async fn authorize_url(&self, client: &ClientRegistration) -> Result<Url, Failure> {
        Ok(self.discover(client).await?.authorize_url.clone())
    }

    pub(super) async fn identify(
        &self,
        client: &ClientRegistration,
        callback: &Callback<'_>,
    ) -> Result<(Claims, ProviderTokens), Failure> {
        let discovered = self.discover(client).await?;
        // Before the code goes anywhere: it may be another provider's (RFC 9207, section 2.4).
        match callback.iss {
            Some(iss) if iss != self.issuer => {
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
            issuer: &self.issuer,
            client_id: &client.id,
            nonce: callback.nonce,
            now: self.clock.now(),
            fresh_since: callback.fresh_since,
        };
        let kid = id_token::kid_of(&token).map_err(Failure::Rejected)?;
        let keys = discovered.keys_for(&client.caller, kid.as_deref(), self.clock.now()).await?;
        let mut told = id_token::verify(&token, &keys, &expected).map_err(Failure::Rejected)?;
        if told["email"].is_null()
            && let Some(url) = &discovered.userinfo_url
        {
            let more = read_protected(&client.caller, url, &exchanged.tokens.access_token).await?;
            complete(&mut told, more)?;
        }
        let mut claims = Claims::new(told, "sub")?;
        claims.email = claims.text("email");
        claims.email_verified = claims.told["email_verified"] == true;
        claims.name = claims.text("name");
        claims.username = claims.text("preferred_username");
        Ok((claims, exchanged.tokens))
    }

    /// The metadata, at most an hour old. Whoever comes while it is fetched waits for the same fetch.
    async fn discover(&self, client: &ClientRegistration) -> Result<Arc<Discovered>, Failure> {
        let mut cached = self.discovered.lock().await;
        let now = self.clock.now();
        if let Some(discovered) = cached.as_ref().filter(|found| now.since(found.read_at) < FRESH) {
            return Ok(Arc::clone(discovered));
        }
        let value = fetch(&client.caller, &self.discovery_url).await?;
        let metadata = Metadata::deserialize(value)
            .map_err(|error| Failure::Unreachable(format!("the discovery document is not one: {error}")))?;
        let discovered = Arc::new(self.accept(&metadata, client, now).await?);
        *cached = Some(Arc::clone(&discovered));
        Ok(discovered)
    }

    async fn accept(
        &self,
        metadata: &Metadata,
        client: &ClientRegistration,
        now: Timestamp,
    ) -> Result<Discovered, Failure> {
        let refuse = |complaint: String| Failure::Unreachable(format!("discovery: {complaint}"));
        if metadata.issuer != self.issuer {
            let told = metadata.issuer.escape_debug().to_string();
            return Err(refuse(format!("its issuer is `{told}`, not the configured `{}`", self.issuer)));
        }
        let methods = metadata.code_challenge_methods_supported.as_deref();
        if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
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
        let userinfo_url = match (&self.userinfo_url, &metadata.userinfo_endpoint) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(text)) => Some(url("userinfo_endpoint", text)?),
            (None, None) => None,
        };
        let jwks_url = url("jwks_uri", &metadata.jwks_uri)?;
        let keys = fetch_keys(&client.caller, &jwks_url).await?;
        Ok(Discovered {
            authorize_url,
            token_url,
            userinfo_url,
            authentication: authentication(metadata).map_err(refuse)?,
            is_iss_sent: metadata.authorization_response_iss_parameter_supported,
            jwks_url,
            keys: Mutex::new(Keys { all: keys, read_at: now }),
            read_at: now,
        })
    }
}

impl Discovered {
    /// The keys, fetched again when none has this `kid` and the last fetch is long enough ago.
    async fn keys_for(
        &self,
        caller: &outbound::Caller,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<[Jwk]>, Failure> {
        let mut keys = self.keys.lock().await;
        let is_known = kid.is_none() || keys.all.iter().any(|key| key.common.key_id.as_deref() == kid);
        if !is_known && now.since(keys.read_at) >= REFETCH {
            keys.read_at = now;
            keys.all = fetch_keys(caller, &self.jwks_url).await?;
        }
        Ok(Arc::clone(&keys.all))
    }
}

/// The default is `client_secret_basic` (Discovery 1.0, section 3), but what is in the form needs no double encoding,
/// which providers get wrong.
fn authentication(metadata: &Metadata) -> Result<ClientAuthentication, String> {
    let Some(methods) = &metadata.token_endpoint_auth_methods_supported else {
        return Ok(ClientAuthentication::Basic);
    };
    let has = |name: &str| methods.iter().any(|method| method == name);
    match (has("client_secret_post"), has("client_secret_basic")) {
        (true, _) => Ok(ClientAuthentication::Post),
        (false, true) => Ok(ClientAuthentication::Basic),
        (false, false) => Err("the token endpoint takes no client secret".into()),
    }
}

/// Adds what the profile says to what the ID token said, which is the one that was signed. The profile counts only for the
/// same subject (Core, section 5.3.2), and its address only with its own word on whether that is verified.
fn complete(told: &mut Value, more: Value) -> Result<(), Failure> {
    let subject = subject_of(&told["sub"]);
    if subject.is_none() || subject_of(&more["sub"]) != subject {
        return Err(Failure::Rejected("the profile is that of another subject".into()));
    }
    if let (Value::Object(told), Value::Object(more)) = (told, more) {
        for name in ["email", "email_verified"] {
            told.remove(name);
        }
        for (name, value) in more {
            told.entry(name).or_insert(value);
        }
    }
    Ok(())
}

async fn fetch(caller: &outbound::Caller, url: &Url) -> Result<Value, Failure> {
    let request = caller.get(url).map_err(Failure::Unreachable)?;
    let reply = outbound::send(request).await.map_err(Failure::Unreachable)?;
    match (reply.status, reply.json()) {
        (200, Some(value)) => Ok(value),
        (status, _) => Err(Failure::Unreachable(format!("{} answered {status} and no JSON", url.path()))),
    }
}

/// A key that we cannot read is left out: sets hold keys for other uses and of kinds to come.
async fn fetch_keys(caller: &outbound::Caller, url: &Url) -> Result<Arc<[Jwk]>, Failure> {
    let value = fetch(caller, url).await?;
    let keys = value["keys"].as_array().ok_or_else(|| Failure::Unreachable("there is no key set".into()))?;
    Ok(keys.iter().take(MOST_KEYS).filter_map(|key| Jwk::deserialize(key).ok()).collect())
}
