//! OAuth 2.0 authorization code with PKCE (RFC 6749, 7636, 9700): the exchange, and the reading of a profile.

use std::pin::Pin;

use serde_json::Value;
use url::Url;

use super::issuer::Issuer;
use super::profile::{Claims, is_true};
use super::{Callback, ClientRegistration, Failure, ProviderTokens, endpoint};
use crate::config::{self, Secret};
use crate::outbound::{self, Reply};

/// A function that reads the profile of the person that an access token belongs to.
type Read = for<'a> fn(&'a Access<'a>) -> Pin<Box<dyn Future<Output = Result<Claims, Failure>> + Send + 'a>>;

/// The endpoints of an OAuth 2.0 provider, and the reader of its profile.
pub(crate) struct Endpoints {
    /// The name that separates its subjects from those of another provider. An OAuth 2.0 provider has no issuer of its own.
    pub(super) issuer: &'static str,
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) userinfo: &'static str,
    pub(super) reader: Reader,
}

/// The reader of a profile.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// The reply is the profile; its fields have these names.
    Fields(Fields),
    /// The kind has code of its own.
    File(Read),
}

/// The names of a profile's fields; the address is `email` everywhere.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) subject: &'static str,
    pub(super) email_verified: &'static str,
    pub(super) name: &'static str,
    pub(super) username: &'static str,
}

/// The endpoints of one provider.
pub(super) struct OAuth2 {
    pub(super) authorize_url: Url,
    pub(super) issuer: Issuer,
    token_url: Url,
    userinfo_url: Url,
    emails_url: Option<Url>,
    reader: Reader,
}

/// An access token with the endpoints of the provider's API.
pub(super) struct Access<'a> {
    client: &'a ClientRegistration,
    oauth2: &'a OAuth2,
    pub(super) token: &'a Secret,
}

/// The way in which a client authenticates at the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy)]
pub(super) enum ClientAuthentication {
    /// The secret is in the form.
    Post,
    /// The secret is in the `Authorization` header.
    Basic,
}

/// The tokens that a code was exchanged for.
pub(super) struct Exchanged {
    pub(super) tokens: ProviderTokens,
    pub(super) id_token: Option<String>,
}

impl OAuth2 {
    pub(super) fn new(settings: &config::Provider, preset: &Endpoints) -> Result<Self, String> {
        let url =
            |key: &str, set: &Option<String>, default: &str| endpoint(key, set.as_deref().unwrap_or(default));
        let emails_url = settings.emails_url.as_deref();
        let userinfo_url = url("userinfo_url", &settings.userinfo_url, preset.userinfo)?;
        // GitHub and a GitHub Enterprise Server number their people apart.
        let is_usual = endpoint("userinfo_url", preset.userinfo)?.origin() == userinfo_url.origin();
        let issuer =
            if is_usual { preset.issuer.to_owned() } else { userinfo_url.origin().ascii_serialization() };
        Ok(Self {
            authorize_url: url("authorize_url", &settings.authorize_url, preset.authorize)?,
            issuer: Issuer::One(issuer),
            token_url: url("token_url", &settings.token_url, preset.token)?,
            userinfo_url,
            emails_url: emails_url.map(|url| endpoint("emails_url", url)).transpose()?,
            reader: preset.reader,
        })
    }

    /// Returns the endpoints that this server calls.
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
        let mut claims = match self.reader {
            Reader::Fields(fields) => fields.read(access.userinfo(&[]).await?)?,
            Reader::File(read) => read(&access).await?,
        };
        self.issuer.name().clone_into(&mut claims.issuer);
        Ok((claims, exchanged.tokens))
    }
}

impl Fields {
    fn read(self, told: Value) -> Result<Claims, Failure> {
        let mut claims = Claims::new(told, self.subject)?;
        claims.email = claims.text("email");
        claims.email_verified = is_true(&claims.told[self.email_verified]);
        claims.name = claims.text(self.name);
        claims.username = claims.text(self.username);
        Ok(claims)
    }
}

impl Access<'_> {
    /// Reads the profile, with further parameters.
    pub(super) async fn userinfo(&self, parameters: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut url = self.oauth2.userinfo_url.clone();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        read_protected(&self.client.caller, &url, self.token).await
    }

    /// Reads the list of addresses: `emails_url`, or `emails` below the profile.
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
        crate::secret::hmac_hex(self.client.secret.current().expose().as_bytes(), message.as_bytes())
    }
}

/// Reads a JSON value that an access token protects.
pub(super) async fn read_protected(
    caller: &outbound::Caller,
    url: &Url,
    token: &Secret,
) -> Result<Value, Failure> {
    let request = caller.get(url).map_err(Failure::Unreachable)?.bearer_auth(token.expose());
    let reply = outbound::send(request).await.map_err(Failure::Unreachable)?;
    match (reply.status, reply.json()) {
        (200..=299, Some(value)) => Ok(value),
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
    let secret = client.secret.current();
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", callback.code),
        ("redirect_uri", &client.redirect_uri),
    ];
    if !client.quirks.refuses_pkce {
        fields.push(("code_verifier", callback.code_verifier));
    }
    if let ClientAuthentication::Post = authentication {
        fields.extend([("client_id", client.id.as_str()), ("client_secret", secret.expose())]);
    }
    let mut request = client.caller.post_form(token_url, &fields).map_err(Failure::Unreachable)?;
    if let ClientAuthentication::Basic = authentication {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request = request.basic_auth(encoded(&client.id), Some(encoded(secret.expose())));
    }
    let reply = outbound::send(request).await.map_err(Failure::Unreachable)?;
    read_tokens(&reply)
}

/// Reads the reply of the token endpoint. Providers refuse in different ways: GitHub with an `error` in a 200, Facebook with an
/// object, the rest by RFC 6749, section 5.2. Some accept with 201, or with a form instead of JSON.
fn read_tokens(reply: &Reply) -> Result<Exchanged, Failure> {
    let status = reply.status;
    let unreadable = || Failure::Unreachable(format!("the token endpoint answered {status} and no tokens"));
    if status == 429 || status >= 500 {
        return Err(unreadable());
    }
    let told = reply.json().filter(Value::is_object).or_else(|| reply.form()).ok_or_else(unreadable)?;
    let error = &told["error"];
    match error.as_str().or_else(|| error["type"].as_str()) {
        Some("access_denied") => return Err(Failure::Denied),
        Some("server_error" | "temporarily_unavailable") => return Err(unreadable()),
        Some(code) => return Err(Failure::Rejected(format!("the token endpoint answered {}", short(code)))),
        None if !(200..300).contains(&status) => return Err(unreadable()),
        None => {}
    }
    let text = |key: &str| told[key].as_str().filter(|text| !text.is_empty()).map(Into::into);
    let secret = |key: &str| text(key).map(Secret::from);
    if !text("token_type").is_none_or(|kind: String| kind.eq_ignore_ascii_case("bearer")) {
        return Err(Failure::Rejected("the token is of a type that we cannot use".into()));
    }
    let expires_in = &told["expires_in"];
    let tokens = ProviderTokens {
        access_token: secret("access_token").ok_or_else(unreadable)?,
        refresh_token: secret("refresh_token"),
        // In a form every value is text, and some providers write JSON in that way.
        expires_in: expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok()),
    };
    Ok(Exchanged { tokens, id_token: text("id_token") })
}

/// Shortens a foreign text for our log: one line of at most 60 characters.
pub(crate) fn short(code: &str) -> String {
    code.chars().filter(|character| !character.is_control()).take(60).collect()
}
