//! OAuth 2.0 authorization code with PKCE (RFC 6749, 7636, 9700): the exchange, and the way to a profile.

use std::pin::Pin;

use serde_json::Value;
use url::Url;

use super::profile::Claims;
use super::{Callback, ClientRegistration, Failure, ProviderTokens, endpoint};
use crate::config::{self, Secret, TrustEmail};
use crate::outbound::{self, Reply};

/// Reads the profile of whoever an access token belongs to.
type Read = for<'a> fn(&'a Access<'a>) -> Pin<Box<dyn Future<Output = Result<Claims, Failure>> + Send + 'a>>;

/// A kind of OAuth 2.0 provider.
pub(crate) struct Preset {
    pub(super) authorize_url: &'static str,
    pub(super) token_url: &'static str,
    pub(super) userinfo_url: &'static str,
    pub(super) scopes: &'static [&'static str],
    pub(super) trust_email: TrustEmail,
    /// What asks that the person proves anew who they are, where a provider knows such a thing.
    pub(super) fresh: Option<(&'static str, &'static str)>,
    pub(super) read: Read,
}

/// The endpoints of one provider.
pub(super) struct OAuth2 {
    pub(super) authorize_url: Url,
    pub(super) fresh: Option<(&'static str, &'static str)>,
    token_url: Url,
    userinfo_url: Url,
    emails_url: Option<Url>,
    read: Read,
}

/// An open door to the provider's API.
pub(super) struct Access<'a> {
    client: &'a ClientRegistration,
    oauth2: &'a OAuth2,
    pub(super) token: &'a Secret,
}

/// How a client proves itself at the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy)]
pub(super) enum ClientAuthentication {
    /// In the form.
    Post,
    /// In the `Authorization` header.
    Basic,
}

/// What a code was exchanged for.
pub(super) struct Exchanged {
    pub(super) tokens: ProviderTokens,
    pub(super) id_token: Option<String>,
}

impl OAuth2 {
    pub(super) fn new(settings: &config::Provider, preset: &Preset) -> Result<Self, String> {
        let url =
            |key: &str, set: &Option<String>, default: &str| endpoint(key, set.as_deref().unwrap_or(default));
        let emails_url = settings.emails_url.as_deref();
        Ok(Self {
            authorize_url: url("authorize_url", &settings.authorize_url, preset.authorize_url)?,
            token_url: url("token_url", &settings.token_url, preset.token_url)?,
            userinfo_url: url("userinfo_url", &settings.userinfo_url, preset.userinfo_url)?,
            emails_url: emails_url.map(|url| endpoint("emails_url", url)).transpose()?,
            fresh: preset.fresh,
            read: preset.read,
        })
    }

    /// What is called from here.
    pub(super) fn endpoints(&self) -> Vec<Url> {
        let required = [&self.token_url, &self.userinfo_url];
        required.into_iter().chain(&self.emails_url).cloned().collect()
    }

    pub(super) async fn identify(
        &self,
        client: &ClientRegistration,
        callback: &Callback<'_>,
    ) -> Result<(Claims, ProviderTokens), Failure> {
        let exchanged = exchange(client, &self.token_url, ClientAuthentication::Post, callback).await?;
        let access = Access { client, oauth2: self, token: &exchanged.tokens.access_token };
        let claims = (self.read)(&access).await?;
        Ok((claims, exchanged.tokens))
    }
}

impl Access<'_> {
    /// The profile, with further parameters.
    pub(super) async fn userinfo(&self, parameters: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut url = self.oauth2.userinfo_url.clone();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        read_protected(&self.client.caller, &url, self.token).await
    }

    /// The list of addresses: `emails_url`, or `emails` below the profile.
    pub(super) async fn emails(&self) -> Result<Value, Failure> {
        let url = self.oauth2.emails_url.clone().unwrap_or_else(|| {
            let mut below = self.oauth2.userinfo_url.clone();
            below.set_path(&format!("{}/emails", below.path().trim_end_matches('/')));
            below
        });
        read_protected(&self.client.caller, &url, self.token).await
    }

    /// Signs a message with the client secret, in hexadecimal: the key stays in `secret.rs`.
    pub(super) fn client_proof(&self, message: &str) -> String {
        crate::secret::hmac_hex(self.client.secret.expose().as_bytes(), message.as_bytes())
    }
}

/// What an access token opens: a JSON value.
pub(super) async fn read_protected(
    caller: &outbound::Caller,
    url: &Url,
    token: &Secret,
) -> Result<Value, Failure> {
    let request = caller.get(url).map_err(Failure::Unreachable)?.bearer_auth(token.expose());
    let reply = outbound::send(request).await.map_err(Failure::Unreachable)?;
    match (reply.status, reply.json()) {
        (200, Some(value)) => Ok(value),
        (status @ (400 | 401 | 403 | 404), _) => {
            Err(Failure::Rejected(format!("{} answered {status} to its own token", url.path())))
        }
        (status, _) => Err(Failure::Unreachable(format!("{} answered {status}", url.path()))),
    }
}

/// Exchanges a code (RFC 6749, section 4.1.3).
pub(super) async fn exchange(
    client: &ClientRegistration,
    token_url: &Url,
    authentication: ClientAuthentication,
    callback: &Callback<'_>,
) -> Result<Exchanged, Failure> {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", callback.code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", callback.code_verifier),
    ];
    if let ClientAuthentication::Post = authentication {
        fields.extend([("client_id", client.id.as_str()), ("client_secret", client.secret.expose())]);
    }
    let mut request = client.caller.post_form(token_url, &fields).map_err(Failure::Unreachable)?;
    if let ClientAuthentication::Basic = authentication {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request = request.basic_auth(encoded(&client.id), Some(encoded(client.secret.expose())));
    }
    let reply = outbound::send(request).await.map_err(Failure::Unreachable)?;
    read_tokens(&reply)
}

/// Providers differ in how they say no: GitHub with an `error` in a 200, Facebook with an object, the rest by RFC 6749,
/// section 5.2.
fn read_tokens(reply: &Reply) -> Result<Exchanged, Failure> {
    let status = reply.status;
    let unreadable = || Failure::Unreachable(format!("the token endpoint answered {status} and no tokens"));
    if status == 429 || status >= 500 {
        return Err(unreadable());
    }
    let told = reply.json().filter(Value::is_object).ok_or_else(unreadable)?;
    let error = &told["error"];
    match error.as_str().or_else(|| error["type"].as_str()) {
        Some("access_denied") => return Err(Failure::Denied),
        Some("server_error" | "temporarily_unavailable") => return Err(unreadable()),
        Some(code) => return Err(Failure::Rejected(format!("the token endpoint answered {}", short(code)))),
        None if status != 200 => return Err(unreadable()),
        None => {}
    }
    let text = |key: &str| told[key].as_str().filter(|text| !text.is_empty()).map(Into::into);
    let secret = |key: &str| text(key).map(Secret::from);
    if !text("token_type").is_none_or(|kind: String| kind.eq_ignore_ascii_case("bearer")) {
        return Err(Failure::Rejected("the token is of a type that we cannot use".into()));
    }
    let tokens = ProviderTokens {
        access_token: secret("access_token").ok_or_else(unreadable)?,
        refresh_token: secret("refresh_token"),
        expires_in: told["expires_in"].as_u64(),
    };
    Ok(Exchanged { tokens, id_token: text("id_token") })
}

/// A foreign word for our log.
fn short(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(60).collect()
}
