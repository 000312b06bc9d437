//! The proof of our identity to a provider: a secret that it gave us, or one that we sign ourselves.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::clock::{Clock, Timestamp};
use crate::config::{self, Secret};

/// The lifetime of a signed secret. Apple accepts up to six months.
const LIFETIME: Duration = Duration::from_hours(1);
/// The remaining lifetime below which a new secret is made.
const RENEWED_BEFORE: Duration = Duration::from_mins(30);
/// The time by which secrets are backdated. A provider whose clock is behind ours must not see a time in the future.
const BACKDATED: Duration = Duration::from_mins(1);

/// The client secret.
pub(super) enum ClientSecret {
    Given(Secret),
    Signed(Box<Assertion>),
}

/// A client secret that is a JWT signed with ES256 ("Creating a client secret", Sign in with Apple REST API).
pub(super) struct Assertion {
    key: EcdsaKeyPair,
    key_id: String,
    team_id: String,
    client_id: String,
    audience: String,
    clock: Clock,
    /// The last secret, and its end.
    made: Mutex<Option<(Secret, Timestamp)>>,
}

impl ClientSecret {
    /// Returns the secret that is valid now.
    pub(super) fn current(&self) -> Secret {
        match self {
            Self::Given(secret) => secret.clone(),
            Self::Signed(assertion) => assertion.current(),
        }
    }
}

impl Assertion {
    /// # Errors
    /// The key that cannot be used, and why; never its value.
    pub(super) fn new(settings: &config::Provider, audience: &str, clock: &Clock) -> Result<Self, String> {
        let needed = |key: &str, value: &Option<String>| {
            value.clone().filter(|value| !value.is_empty()).ok_or_else(|| format!("{key} is needed"))
        };
        let private_key = settings.private_key.as_ref().ok_or("private_key_file is needed")?;
        Ok(Self {
            key: read_key(private_key)?,
            key_id: needed("key_id", &settings.key_id)?,
            team_id: needed("team_id", &settings.team_id)?,
            client_id: settings.client_id.clone(),
            audience: audience.to_owned(),
            clock: clock.clone(),
            made: Mutex::default(),
        })
    }

    fn current(&self) -> Secret {
        let now = self.clock.now();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((secret, end)) = &*made
            && now.plus(RENEWED_BEFORE) < *end
            // A clock that was set back would make a secret that begins in the future.
            && end.since(now) <= LIFETIME
        {
            return secret.clone();
        }
        let end = now.plus(LIFETIME);
        let secret = Secret::from(self.sign(now, end));
        *made = Some((secret.clone(), end));
        secret
    }

    fn sign(&self, now: Timestamp, end: Timestamp) -> String {
        let begin = now.minus(BACKDATED);
        let header = json!({"alg": "ES256", "kid": self.key_id, "typ": "JWT"});
        let claims = json!({
            "iss": self.team_id, "sub": self.client_id, "aud": self.audience,
            "iat": begin.as_millis() / 1000, "exp": end.as_millis() / 1000,
        });
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.expect("the operating system gives random bytes");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Reads a P-256 key in PKCS #8, the format of Apple's `AuthKey_….p8`.
///
/// # Errors
/// A complaint about the key.
pub(super) fn read_key(private_key: &Secret) -> Result<EcdsaKeyPair, String> {
    // An environment variable often has its line ends escaped.
    let pem = private_key.expose().replace("\\n", "\n");
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| "private_key: is not a PEM file that begins with -----BEGIN PRIVATE KEY-----")?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der(), &SystemRandom::new())
        .map_err(|_| "private_key: is not a P-256 key".to_owned())
}
