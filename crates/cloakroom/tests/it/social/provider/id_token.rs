//! Forged ID tokens, ID tokens with wrong claims, and the profile that complements them (O16 to O18, O22).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::people::visitor;
use crate::support::scripted_provider::{
    Key, Reply, ScriptedProvider, app_with_providers, begin, finish, sign_in_with_token, unsigned, with,
    without,
};
use crate::support::social_app::{assert_refused, outcome};

/// Makes a token from valid claims.
type Forge<'a> = Box<dyn FnOnce(Value) -> String + 'a>;

#[tokio::test]
async fn o16_a_forged_id_token_signs_nobody_in() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    let key = &provider.key;
    let other = Key::new("one");
    let header = |alg: &str| json!({"alg": alg, "kid": "one", "typ": "JWT"});
    let jwk = json!({"alg": "ES256", "jwk": other.jwk()});
    let jku = json!({"alg": "ES256", "kid": "one", "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x"});
    let crit = json!({"alg": "ES256", "kid": "one", "crit": ["exp"]});
    let by_public_key = |claims: Value| {
        let message = unsigned(&header("HS256"), &claims);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.public()), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let by_client_secret = |claims: Value| {
        let message = unsigned(&header("HS256"), &claims);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"of-client"), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let forgeries: Vec<(&str, Forge)> = vec![
        ("none", Box::new(|claims| unsigned(&header("none"), &claims) + ".")),
        ("None", Box::new(|claims| unsigned(&header("None"), &claims) + ".")),
        ("stripped", Box::new(|claims| unsigned(&header("ES256"), &claims) + ".")),
        ("two parts", Box::new(|claims| unsigned(&header("ES256"), &claims))),
        ("two signatures", Box::new(|claims| key.token(&claims) + ".AAAA")),
        ("HS256 with the public key", Box::new(by_public_key)),
        ("HS256 with the client's secret", Box::new(by_client_secret)),
        ("wrong key", Box::new(|claims| other.token(&claims))),
        ("a key of its own", Box::new(|claims| other.sign(&jwk, &claims))),
        ("a key elsewhere", Box::new(|claims| other.sign(&jku, &claims))),
        ("unknown kid", Box::new(|claims| Key::new("two").token(&claims))),
        ("another algorithm of the key", Box::new(|claims| key.sign(&header("ES384"), &claims))),
        ("RS256 under an EC key", Box::new(|claims| key.sign(&header("RS256"), &claims))),
        ("critical extension", Box::new(|claims| key.sign(&crit, &claims))),
        (
            "claims changed",
            Box::new(|claims| {
                let token = key.token(&with(claims.clone(), "sub", json!("victim")));
                let signature = token.rsplit('.').next().unwrap().to_owned();
                format!("{}.{signature}", unsigned(&header("ES256"), &claims))
            }),
        ),
        ("no token", Box::new(|_| String::new())),
        ("the access token", Box::new(|_| "at-canary".to_owned())),
    ];
    for (name, forge) in forgeries {
        let reply = sign_in_with_token(&browser, &provider, forge).await;
        assert_eq!(outcome(&reply), "code_rejected", "{name}: {}", reply.text);
        assert_refused(&browser, &reply, "code_rejected").await;
    }
    let honest = sign_in_with_token(&browser, &provider, |claims| key.token(&claims)).await;
    assert_eq!(outcome(&honest), "signed_up", "{}", honest.text);
}

#[tokio::test]
async fn o17_an_id_token_with_wrong_claims_signs_nobody_in() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    let now = provider.claims("")["iat"].as_i64().unwrap();
    for (name, value) in [
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", json!(["another"])),
        ("aud", json!(null)),
        ("aud", json!(["client", "another"])),
        ("azp", json!("another")),
        ("iss", json!("http://127.0.0.1:1")),
        ("iss", json!(format!("{}/", provider.base))),
        ("iss", json!(null)),
        ("exp", json!(now - 61)),
        ("exp", json!(null)),
        ("exp", json!("4000000000")),
        ("exp", json!(-1)),
        ("iat", json!(now + 120)),
        ("iat", json!(null)),
        ("nbf", json!(now + 120)),
        ("nbf", json!("now")),
        ("nonce", json!("x".repeat(43))),
        ("nonce", json!(null)),
        ("nonce", json!("")),
        ("nonce", json!([])),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!(null)),
        ("sub", json!("x".repeat(256))),
        ("sub", json!(["AbC"])),
        ("sub", json!("a\u{0}b")),
    ] {
        let reply = sign_in_with_token(&browser, &provider, |claims| {
            provider.key.token(&with(claims, name, value.clone()))
        })
        .await;
        assert_eq!(outcome(&reply), "code_rejected", "{name} = {value}: {}", reply.text);
        let reply =
            sign_in_with_token(&browser, &provider, |claims| provider.key.token(&without(claims, name)))
                .await;
        let is_optional = ["azp", "nbf"].contains(&name);
        assert_eq!(outcome(&reply) == "code_rejected", !is_optional, "without {name}: {}", reply.text);
    }
    browser.post("/api/logout/", &json!({})).await;
    // Valid: within the clock leeway, and with this client as one of the audiences and as the authorised
    // party.
    let good = |claims| {
        let claims = with(with(claims, "exp", json!(now - 30)), "iat", json!(now + 30));
        provider.key.token(&with(with(claims, "aud", json!(["client", "another"])), "azp", json!("client")))
    };
    let reply = sign_in_with_token(&browser, &provider, good).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    // A replay in another attempt has the nonce of the first.
    let (_, nonce) = begin(&browser, "p0").await;
    provider.give(&provider.key.token(&provider.claims(&nonce)));
    let (state, _) = begin(&browser, "p0").await;
    assert_eq!(outcome(&finish(&browser, "p0", &state).await), "code_rejected");
}

#[tokio::test]
async fn o18_only_true_verifies_an_address() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    for value in [
        json!(false),
        json!("TRUE"),
        json!("false"),
        json!(1),
        json!(0),
        json!(null),
        json!([true]),
        json!({}),
    ] {
        let browser = visitor(&app).await;
        let make = |claims| provider.key.token(&with(claims, "email_verified", value.clone()));
        let reply = sign_in_with_token(&browser, &provider, make).await;
        assert_eq!(outcome(&reply), "email_required", "{value}: {}", reply.text);
        let reply = sign_in_with_token(&browser, &provider, |claims| {
            provider.key.token(&without(claims, "email_verified"))
        })
        .await;
        assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
    }
}

/// O22: subjects that differ in case are two people.
#[tokio::test]
async fn o22_subjects_are_compared_exactly() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    for (sub, email) in
        [("AbC", "one@example.test"), ("abc", "two@example.test"), ("AbC ", "three@example.test")]
    {
        let make = |claims| provider.key.token(&with(with(claims, "sub", json!(sub)), "email", json!(email)));
        let reply = sign_in_with_token(&visitor(&app).await, &provider, make).await;
        assert_eq!(outcome(&reply), "signed_up", "{sub}: {}", reply.text);
    }
}

/// O17: the profile adds what the ID token leaves out, but only for the same subject.
#[tokio::test]
async fn o17_a_profile_counts_for_its_own_subject_only() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    let silent = |claims| provider.key.token(&without(without(claims, "email"), "email_verified"));
    let profile = |sub: &str| json!({"sub": sub, "email": "mary@example.test", "email_verified": true});
    provider.answer("/userinfo", Reply::Json(profile("victim")));
    assert_refused(&browser, &sign_in_with_token(&browser, &provider, silent).await, "code_rejected").await;
    provider.answer("/userinfo", Reply::Json(profile("AbC")));
    let reply = sign_in_with_token(&browser, &provider, silent).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}

/// O18: the flag `email_verified` counts only together with the address from the same source.
#[tokio::test]
async fn o18_a_verified_flag_counts_only_for_the_address_beside_it() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let flagged = |claims| provider.key.token(&without(claims, "email"));
    for profile in [
        json!({"sub": "AbC", "email": "victim@example.test"}),
        json!({"sub": "AbC", "email": "victim@example.test", "email_verified": false}),
        json!({"sub": "AbC", "email": "victim@example.test", "email_verified": "yes"}),
    ] {
        provider.answer("/userinfo", Reply::Json(profile.clone()));
        let reply = sign_in_with_token(&visitor(&app).await, &provider, flagged).await;
        assert_eq!(outcome(&reply), "email_required", "{profile}: {}", reply.text);
    }
    let verified = json!({"sub": "AbC", "email": "mary@example.test", "email_verified": true});
    provider.answer("/userinfo", Reply::Json(verified));
    let unflagged =
        |claims| provider.key.token(&with(without(claims, "email"), "email_verified", json!(false)));
    let reply = sign_in_with_token(&visitor(&app).await, &provider, unflagged).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}
