//! Unusual providers that follow the standards, or nearly do: a valid sign-in succeeds.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::people::visitor;
use crate::support::scripted_provider::{
    Key, Reply, ScriptedProvider, app_with_providers, begin, finish, sign_in_with_token, start, with, without,
};
use crate::support::social_app::{assert_refused, outcome};

/// Signs in with valid claims that `change` has modified, and returns the outcome.
async fn sign_in(provider: &ScriptedProvider, change: impl FnOnce(Value) -> Value) -> String {
    let app = app_with_providers(std::slice::from_ref(provider)).await;
    let browser = visitor(&app).await;
    outcome(&sign_in_with_token(&browser, provider, |claims| provider.key.token(&change(claims))).await)
}

#[tokio::test]
async fn finding_n3_a_profile_says_that_the_address_of_the_id_token_is_verified() {
    let provider = ScriptedProvider::new().await;
    let profile = json!({"sub": "AbC", "email": "mary@example.test", "email_verified": true});
    provider.answer("/userinfo", Reply::Json(profile));
    assert_eq!(sign_in(&provider, |claims| without(claims, "email_verified")).await, "signed_up");
    assert_eq!(provider.asked("/userinfo"), 1);
    // The provider has said no, so the profile is not fetched.
    assert_eq!(
        sign_in(&provider, |claims| with(claims, "email_verified", json!(false))).await,
        "email_required"
    );
    assert_eq!(sign_in(&provider, |claims| claims).await, "signed_up");
    assert_eq!(provider.asked("/userinfo"), 1);
}

#[tokio::test]
async fn finding_n3_an_address_and_its_flag_are_taken_from_one_place() {
    let provider = ScriptedProvider::new().await;
    for profile in [
        json!({"sub": "AbC", "email_verified": true}),
        json!({"sub": "AbC", "email": null, "email_verified": true}),
        json!({"sub": "AbC", "email": "mary@example.test"}),
        json!({"sub": "AbC", "email": "other@example.test", "email_verified": false}),
    ] {
        provider.answer("/userinfo", Reply::Json(profile.clone()));
        let came = sign_in(&provider, |claims| without(claims, "email_verified")).await;
        assert_eq!(came, "email_required", "{profile}");
    }
}

#[tokio::test]
async fn finding_n3_true_as_text_counts_as_true() {
    let provider = ScriptedProvider::new().await;
    let text = |claims| with(claims, "email_verified", json!("true"));
    assert_eq!(sign_in(&provider, text).await, "signed_up");
    let profile = json!({"sub": "AbC", "email": "mary@example.test", "email_verified": "true"});
    provider.answer("/userinfo", Reply::Json(profile));
    assert_eq!(sign_in(&provider, |claims| without(claims, "email")).await, "signed_up");
}

#[tokio::test]
async fn finding_n3_a_profile_that_is_refused_does_not_end_a_good_sign_in() {
    let provider = ScriptedProvider::new().await;
    let silent = |claims| without(claims, "email_verified");
    for reply in [
        Reply::Status(403, json!({"error": "insufficient_scope"})),
        Reply::Status(401, json!({})),
        Reply::Html(404),
        Reply::Html(500),
        Reply::Html(200),
        Reply::Silence,
    ] {
        provider.answer("/userinfo", reply);
        let app = app_with_providers(std::slice::from_ref(&provider)).await;
        let browser = visitor(&app).await;
        // The address is unverified, and nothing worse happens.
        let reply =
            sign_in_with_token(&browser, &provider, |claims| provider.key.token(&silent(claims))).await;
        assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
        // A linked user is still signed in.
        let reply = sign_in_with_token(&browser, &provider, |claims| provider.key.token(&claims)).await;
        assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
        browser.post("/api/logout/", &json!({})).await;
        let reply =
            sign_in_with_token(&browser, &provider, |claims| provider.key.token(&silent(claims))).await;
        assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    }
    provider.answer("/userinfo", Reply::Status(403, json!({})));
    let came = sign_in(&provider, |claims| without(without(claims, "email"), "email_verified")).await;
    assert_eq!(came, "email_required");
    // A profile of another subject is refused.
    provider.answer("/userinfo", Reply::Json(json!({"sub": "victim", "email": "v@example.test"})));
    assert_eq!(sign_in(&provider, silent).await, "code_rejected");
}

/// Key sets without key ids, or with several matching keys.
#[tokio::test]
async fn finding_n3_a_key_without_a_name_fits_any_token_and_exactly_one_key_must_fit() {
    let provider = ScriptedProvider::new().await;
    let other = Key::new("two");
    let unnamed = |key: &Key| without(key.jwk(), "kid");
    let header = json!({"alg": "ES256"});
    let sets = [
        (json!([unnamed(&provider.key)]), true),
        (json!([unnamed(&other), unnamed(&provider.key)]), true),
        (json!([other.jwk(), unnamed(&provider.key)]), true),
        (json!([other.jwk(), provider.key.jwk()]), true),
        (json!([unnamed(&other)]), false),
        (json!([unnamed(&provider.key), unnamed(&provider.key)]), false),
        (json!([]), false),
    ];
    for (keys, fits) in sets {
        provider.answer("/certs", Reply::Json(json!({"keys": keys.clone()})));
        let expected = if fits { "signed_up" } else { "code_rejected" };
        assert_eq!(sign_in(&provider, |claims| claims).await, expected, "{keys}");
        let app = app_with_providers(std::slice::from_ref(&provider)).await;
        let browser = visitor(&app).await;
        let reply =
            sign_in_with_token(&browser, &provider, |claims| provider.key.sign(&header, &claims)).await;
        assert_eq!(outcome(&reply), expected, "no kid in the token: {keys}");
    }
    // A key with the token's key id is the only candidate, even if others have none.
    let keys = json!([provider.key.jwk(), unnamed(&other)]);
    provider.answer("/certs", Reply::Json(json!({"keys": keys})));
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    let named = json!({"alg": "ES256", "kid": "one"});
    let reply = sign_in_with_token(&browser, &provider, |claims| other.sign(&named, &claims)).await;
    assert_refused(&browser, &reply, "code_rejected").await;
}

#[tokio::test]
async fn finding_n3_null_in_an_optional_field_of_the_discovery_document_is_read() {
    for name in [
        "userinfo_endpoint",
        "code_challenge_methods_supported",
        "token_endpoint_auth_methods_supported",
        "authorization_response_iss_parameter_supported",
        "scopes_supported",
    ] {
        let provider = ScriptedProvider::new().await;
        provider.discover(&json!({name: null}));
        assert_eq!(sign_in(&provider, |claims| claims).await, "signed_up", "{name}");
    }
}

#[tokio::test]
async fn finding_n3_tokens_come_with_201_or_as_a_form() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    let (state, nonce) = begin(&browser, "p0").await;
    let id_token = provider.key.token(&provider.claims(&nonce));
    let tokens =
        json!({"access_token": "at", "token_type": "bearer", "expires_in": "3600", "id_token": id_token});
    provider.answer("/token", Reply::Status(201, tokens));
    assert_eq!(outcome(&finish(&browser, "p0", &state).await), "signed_up");
    let (state, nonce) = begin(&browser, "p0").await;
    let id_token = provider.key.token(&provider.claims(&nonce));
    let form = format!("access_token=at&token_type=bearer&expires_in=3600&id_token={id_token}");
    provider.answer("/token", Reply::Form(form.leak()));
    let reply = finish(&browser, "p0", &state).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    let (state, _) = begin(&browser, "p0").await;
    provider.answer("/token", Reply::Form("error=incorrect_client_credentials&error_description=No"));
    assert_eq!(outcome(&finish(&browser, "p0", &state).await), "code_rejected");
}

/// Discovery fails or hangs an hour after it was read. Nobody is locked out, and it is read again once it
/// works.
#[tokio::test]
async fn finding_s14_an_old_discovery_document_serves_while_it_is_fetched_anew() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    assert_eq!(start(&browser, "p0").await.status, 200);
    let document = "/.well-known/openid-configuration";
    for (away, hours) in [(Reply::Html(503), 1), (Reply::Silence, 2)] {
        app.advance(Duration::from_hours(1));
        provider.answer(document, away);
        let later = |claims: Value| {
            let shifted = |name: &str| json!(claims[name].as_i64().unwrap() + hours * 3600);
            with(with(claims.clone(), "iat", shifted("iat")), "exp", shifted("exp"))
        };
        let reply =
            sign_in_with_token(&browser, &provider, |claims| provider.key.token(&later(claims))).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let asked = provider.asked(document);
    assert!((2..=3).contains(&asked), "asked again once each time, in the background: {asked}");
    app.advance(Duration::from_mins(2));
    let moved = format!("{}/elsewhere", provider.base);
    provider.discover(&json!({"authorization_endpoint": moved}));
    for _ in 0..200 {
        let url = start(&browser, "p0").await.json()["url"].as_str().unwrap().to_owned();
        if url.starts_with(&moved) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the document is not read again");
}

/// Without an earlier document there is nothing to fall back on.
#[tokio::test]
async fn finding_s14_without_an_old_document_a_start_fails_until_discovery_answers() {
    let provider = ScriptedProvider::new().await;
    let document = "/.well-known/openid-configuration";
    provider.answer(document, Reply::Html(503));
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    assert_eq!(outcome(&start(&browser, "p0").await), "provider_unreachable");
    provider.answer(document, Reply::Json(provider.document()));
    assert_eq!(start(&browser, "p0").await.status, 200);
}
