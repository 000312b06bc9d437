//! An OpenID provider that answers as a test tells it, however wrongly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloakroom::Clock;
use cloakroom::testing::{Browser, Reply as Answer};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::support::app::{App, app_with};

/// A reply of an endpoint.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(Value),
    /// JSON with a status other than 200.
    Status(u16, Value),
    /// A form-encoded body.
    Form(&'static str),
    Html(u16),
    Redirect(String),
    /// This many bytes, without a `Content-Length`.
    Flood(usize),
    /// Tokens as JSON, gzip-compressed although the request did not accept that.
    Compressed,
    Silence,
}

/// `{"access_token":"at","token_type":"Bearer"}`, gzip-compressed. A hundred megabytes of spaces would be as
/// short.
const COMPRESSED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x4c\x4e\x4e\x2d\x2e\x8e\x2f\xc9\xcf\x4e\xcd\x53\xb2\x52\x4a\x2c\x51\xd2\x51\x02\x73\xe2\x4b\x2a\x0b\x52\x81\x22\x4e\xa9\x89\x45\xa9\x45\x4a\xb5\x00\xc5\xba\x66\xa4\x2b\x00\x00\x00";

/// A signing key with its key id.
pub(crate) struct Key {
    pub(crate) kid: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub(crate) fn new(kid: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { kid: kid.to_owned(), pair }
    }

    /// The public key as a JWK.
    pub(crate) fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": encoded(x), "y": encoded(y)})
    }

    /// The raw bytes of the public key, for an attacker who uses them as an HMAC secret.
    pub(crate) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs a token with an arbitrary header.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signs a well-formed token.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": self.kid, "typ": "JWT"}), claims)
    }
}

/// Encodes header and claims without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encoded(header), encoded(claims))
}

/// A running provider. Clones share its state.
#[derive(Clone)]
pub(crate) struct ScriptedProvider {
    pub(crate) base: String,
    pub(crate) key: Arc<Key>,
    replies: Arc<Mutex<BTreeMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// The body of the last POST request.
    sent: Arc<Mutex<String>>,
}

impl ScriptedProvider {
    pub(crate) async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self {
            base,
            key: Arc::new(Key::new("one")),
            replies: Arc::default(),
            asked: Arc::default(),
            sent: Arc::default(),
        };
        provider.answer("/.well-known/openid-configuration", Reply::Json(provider.document()));
        provider.answer("/certs", Reply::Json(json!({"keys": [provider.key.jwk()]})));
        let router = Router::new().fallback(reply).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// The discovery document of a well-behaved provider.
    pub(crate) fn document(&self) -> Value {
        let base = &self.base;
        json!({
            "issuer": base, "authorization_endpoint": format!("{base}/authorize"), "token_endpoint": format!("{base}/token"),
            "jwks_uri": format!("{base}/certs"), "userinfo_endpoint": format!("{base}/userinfo"),
            "code_challenge_methods_supported": ["S256"], "token_endpoint_auth_methods_supported": ["client_secret_post"],
        })
    }

    /// Serves the discovery document with these changes.
    pub(crate) fn discover(&self, changes: &Value) {
        let mut document = self.document();
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        self.answer("/.well-known/openid-configuration", Reply::Json(document));
    }

    pub(crate) fn answer(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Makes the token endpoint return this ID token.
    pub(crate) fn give(&self, id_token: &str) {
        let tokens = json!({"access_token": "at-canary", "token_type": "Bearer", "id_token": id_token});
        self.answer("/token", Reply::Json(tokens));
    }

    /// Valid claims for this client.
    pub(crate) fn claims(&self, nonce: &str) -> Value {
        let now = Clock::System.now().as_millis() / 1000;
        json!({
            "iss": self.base, "aud": "client", "sub": "AbC", "iat": now, "exp": now + 300, "nonce": nonce,
            "email": "mary@example.test", "email_verified": true,
        })
    }

    /// Counts the requests to a path.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }

    /// Returns a field of the last form that was posted.
    pub(crate) fn sent(&self, field: &str) -> Option<String> {
        let form = self.sent.lock().unwrap().clone();
        url::form_urlencoded::parse(form.as_bytes())
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.into_owned())
    }

    /// The `[[provider]]` table that configures this provider.
    pub(crate) fn settings(&self, id: &str) -> Value {
        json!({"id": id, "kind": "oidc", "issuer": self.base, "client_id": "client", "client_secret": "of-client"})
    }
}

async fn reply(State(provider): State<ScriptedProvider>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    provider.asked.lock().unwrap().push(path.clone());
    let is_form = request.method() == Method::POST;
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap_or_default();
    if is_form {
        *provider.sent.lock().unwrap() = String::from_utf8_lossy(&body).into_owned();
    }
    let reply = provider.replies.lock().unwrap().get(&path).cloned();
    match reply {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Reply::Json(value)) => axum::Json(value).into_response(),
        Some(Reply::Status(status, value)) => {
            (StatusCode::from_u16(status).unwrap(), axum::Json(value)).into_response()
        }
        Some(Reply::Form(text)) => {
            ([(header::CONTENT_TYPE, "application/x-www-form-urlencoded")], text).into_response()
        }
        Some(Reply::Html(status)) => {
            let html = [(header::CONTENT_TYPE, "text/html")];
            (StatusCode::from_u16(status).unwrap(), html, "<h1>Unicorn</h1>").into_response()
        }
        Some(Reply::Redirect(to)) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Some(Reply::Flood(bytes)) => Body::from(vec![b' '; bytes]).into_response(),
        Some(Reply::Compressed) => {
            let told = [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, "gzip")];
            (told, COMPRESSED.to_vec()).into_response()
        }
        Some(Reply::Silence) => std::future::pending().await,
    }
}

/// An app with these providers, under the ids `p0`, `p1` and so on.
pub(crate) async fn app_with_providers(providers: &[ScriptedProvider]) -> App {
    let settings: Vec<Value> = providers
        .iter()
        .enumerate()
        .map(|(index, provider)| provider.settings(&format!("p{index}")))
        .collect();
    app_with(|config| config.provider = serde_json::from_value(settings.into()).unwrap()).await
}

pub(crate) async fn start(browser: &Browser, id: &str) -> Answer {
    browser.post(&format!("/api/social/{id}/start/"), &json!({})).await
}

/// Begins a social attempt, and returns its state and nonce.
pub(crate) async fn begin(browser: &Browser, id: &str) -> (String, String) {
    let started = start(browser, id).await;
    assert_eq!(started.status, 200, "{}", started.text);
    let url = url::Url::parse(started.json()["url"].as_str().unwrap()).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    (value("state"), value("nonce"))
}

pub(crate) async fn finish(browser: &Browser, id: &str, state: &str) -> Answer {
    browser.post(&format!("/api/social/{id}/"), &json!({"code": "code", "state": state})).await
}

/// Signs in with the ID token that `make` builds from valid claims.
pub(crate) async fn sign_in_with_token(
    browser: &Browser,
    provider: &ScriptedProvider,
    make: impl FnOnce(Value) -> String,
) -> Answer {
    let (state, nonce) = begin(browser, "p0").await;
    provider.give(&make(provider.claims(&nonce)));
    finish(browser, "p0", &state).await
}

pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

pub(crate) fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}
