//! ID tokens (OpenID Connect Core, section 3.1.3.7). A token must be signed by its issuer, meant for us, valid now, and made
//! for this attempt.
//!
//! Invariants. The algorithm is chosen by the key, from a list without `none` and without HMAC. A key comes from the issuer's
//! set alone, never from the token's own header. The time is our clock's.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Header};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::provider::issuer::Issuer;
use crate::provider::profile::subject_of;

/// The tolerated difference between the provider's clock and ours.
const LEEWAY: Duration = Duration::from_mins(1);
/// The longest token that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// The claims that a token must have.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// True if the nonce must be present: some providers leave it out. A nonce that is present must still be this attempt's.
    pub(super) is_nonce_required: bool,
    pub(super) now: Timestamp,
    /// The time after which the person must have authenticated, if the provider reports that time.
    pub(super) fresh_since: Option<Timestamp>,
}

/// The reason why a token proves nothing, for the log.
#[derive(Debug)]
pub(super) enum Unproven {
    /// No key of the set verifies its signature; a newer set may.
    Key(String),
    /// The token will never prove anything.
    Token(String),
}

impl Unproven {
    /// Returns the reason.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Key(reason) | Self::Token(reason) => reason,
        }
    }
}

impl<T: Into<String>> From<T> for Unproven {
    fn from(reason: T) -> Self {
        Self::Token(reason.into())
    }
}

/// The three parts of a signed token (RFC 7515, section 7.1), of which none is trusted yet.
struct Parts<'a> {
    header: Header,
    payload: &'a str,
    /// The text that was signed.
    message: &'a str,
    signature: Vec<u8>,
}

/// Returns the claims of a token that is valid in every respect.
///
/// # Errors
/// [`Unproven`].
pub(super) fn verify(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Value, Unproven> {
    let parts = split(token)?;
    require_signed(&parts, keys)?;
    let bytes =
        URL_SAFE_NO_PAD.decode(parts.payload).map_err(|_| "the ID token's claims are not base64url")?;
    let claims = serde_json::from_slice(&bytes).map_err(|_| "the ID token's claims are not JSON")?;
    check(&claims, expected).map_err(|claim| format!("the ID token's {claim}"))?;
    Ok(claims)
}

fn split(token: &str) -> Result<Parts<'_>, String> {
    if token.len() > LONGEST {
        return Err("the ID token is too long".into());
    }
    let mut dots = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (dots.next(), dots.next(), dots.next(), dots.next())
    else {
        return Err("the ID token is not of three parts".into());
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "the ID token is not base64url");
    let header: Header = serde_json::from_slice(&decode(header)?)
        .map_err(|_| "the ID token's header, or its algorithm, is not one that we take")?;
    // We understand no extension, so none may be critical (RFC 7515, section 4.1.11).
    if header.crit.is_some() {
        return Err("the ID token has critical extensions".into());
    }
    if header.alg.family() == AlgorithmFamily::Hmac {
        return Err("the ID token is signed with a shared secret".into());
    }
    Ok(Parts {
        header,
        payload,
        message: &token[..token.len() - signature.len() - 1],
        signature: decode(signature)?,
    })
}

/// Makes sure that exactly one key of the set verifies the signature. Any key without a `kid` may do so (RFC 7517, section 4.5
/// makes it optional), as long as no other key has the token's `kid`.
fn require_signed(parts: &Parts<'_>, keys: &[Jwk]) -> Result<(), Unproven> {
    let kid = &parts.header.kid;
    let is_named = |key: &&Jwk| key.common.key_id == *kid;
    let is_any_named = kid.is_some() && keys.iter().any(|key| is_named(&key));
    let candidates = keys.iter().filter(|key| match (kid, is_any_named) {
        (None, _) => true,
        (Some(_), true) => is_named(key),
        (Some(_), false) => key.common.key_id.is_none(),
    });
    let fitting: Vec<&Jwk> = candidates.filter(|key| fits(key, parts.header.alg)).collect();
    match fitting.iter().filter(|key| is_signed(parts, key)).count() {
        1 => Ok(()),
        0 if fitting.is_empty() => {
            Err(Unproven::Key("the ID token is signed with a key that its issuer does not have".into()))
        }
        0 => Err(Unproven::Key("the ID token's signature is not its issuer's".into())),
        _ => Err("the ID token does not say which key it is signed with".into()),
    }
}

/// Tells whether a key is for signatures by this algorithm.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let is_for_signatures = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let is_for_algorithm =
        key.common.key_algorithm.is_none_or(|known| known.to_string() == format!("{algorithm:?}"));
    let family = DecodingKey::from_jwk(key).map(|key| key.family());
    is_for_signatures && is_for_algorithm && family.is_ok_and(|family| family == algorithm.family())
}

fn is_signed(parts: &Parts<'_>, key: &Jwk) -> bool {
    let Ok(key) = DecodingKey::from_jwk(key) else { return false };
    let message = parts.message.as_bytes();
    match (key.kind(), rsa(parts.header.alg), curve(parts.header.alg)) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, Some(parameters), None) => {
            RsaPublicKeyComponents { n, e }.verify(parameters, message, &parts.signature).is_ok()
        }
        (DecodingKeyKind::SecretOrDer(point), None, Some(algorithm)) => {
            UnparsedPublicKey::new(algorithm, point).verify(message, &parts.signature).is_ok()
        }
        _ => false,
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn curve(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        Algorithm::ES256 => Some(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&ED25519),
        _ => None,
    }
}

/// Checks the claims. The error names the claim that is not as expected.
fn check(claims: &Value, expected: &Expected<'_>) -> Result<(), &'static str> {
    let require = |holds: bool, claim: &'static str| if holds { Ok(()) } else { Err(claim) };
    let issuer = expected.issuer.of(&claims["tid"]);
    require(issuer.is_some_and(|issuer| claims["iss"] == *issuer), "issuer is another one")?;
    let audiences: Vec<&str> = match &claims["aud"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    require(audiences.contains(&expected.client_id), "audience is not this client")?;
    let is_azp_needed = audiences.len() > 1 || !claims["azp"].is_null();
    require(!is_azp_needed || claims["azp"] == expected.client_id, "authorized party is another one")?;
    let instant = |claim: &str| {
        // Whole seconds, or with a fraction (RFC 7519, section 2).
        claims[claim].as_f64().filter(|seconds| (0.0..1e11).contains(seconds)).map(from_seconds)
    };
    let now = expected.now;
    require(instant("exp").is_some_and(|end| now < end.plus(LEEWAY)), "end is past, or missing")?;
    require(
        instant("iat").is_some_and(|start| start <= now.plus(LEEWAY)),
        "time of issue is to come, or missing",
    )?;
    let is_begun = claims["nbf"].is_null() || instant("nbf").is_some_and(|start| start <= now.plus(LEEWAY));
    require(is_begun, "begin is to come")?;
    let is_fresh = match expected.fresh_since {
        // Google sends no `auth_time`, even when it is requested.
        Some(since) if !claims["auth_time"].is_null() => {
            instant("auth_time").is_some_and(|proven| since <= proven.plus(LEEWAY))
        }
        _ => true,
    };
    require(is_fresh, "proof is an old one")?;
    let is_left_out = claims["nonce"].is_null() && !expected.is_nonce_required;
    require(is_left_out || claims["nonce"] == expected.nonce, "nonce is not this attempt's")?;
    require(claims["sub"].is_string() && subject_of(&claims["sub"]).is_some(), "subject names nobody")
}

#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn from_seconds(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1000.0) as i64)
}
