//! Google's side of OpenID Connect: the discovery document, the keys, and ID tokens. A key that is made at the start signs
//! these with ES256.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::FakeProvider;
use crate::grants::{Grant, random};
use crate::profile::google_claims;

/// A key and its name.
pub(crate) struct Signer {
    kid: String,
    key: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn generate() -> Self {
        let (algorithm, random_bytes) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random_bytes).expect("a new key");
        let key =
            EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random_bytes).expect("the key just made");
        Self { kid: random(), key }
    }

    fn jwk(&self) -> Value {
        // The public key is 0x04, then both coordinates (SEC 1, section 2.3.3).
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// Returns the claims as a compact JWS (RFC 7515, section 7.1).
    fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": self.kid, "typ": "JWT"});
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl FakeProvider {
    pub(crate) fn id_token(&self, grant: &Grant) -> String {
        let mut claims = google_claims(grant);
        let now = now();
        claims["iss"] = self.0.base.as_str().into();
        claims["aud"] = self.client_id().into();
        claims["azp"] = self.client_id().into();
        claims["iat"] = now.into();
        claims["exp"] = (now + 3600).into();
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        self.0.signer.sign(&claims)
    }
}

/// Answers `GET /.well-known/openid-configuration`.
pub(crate) async fn discovery(State(provider): State<FakeProvider>) -> Json<Value> {
    let base = &provider.0.base;
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "jwks_uri": format!("{base}/certs"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
    }))
}

/// Answers `GET /certs`.
pub(crate) async fn keys(State(provider): State<FakeProvider>) -> Json<Value> {
    Json(json!({"keys": [provider.0.signer.jwk()]}))
}

/// Returns the seconds since 1970: the provider has a clock of its own, as real ones do.
#[expect(clippy::disallowed_methods, reason = "a provider does not share the clock of those who ask it")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
