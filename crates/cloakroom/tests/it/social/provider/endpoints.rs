//! Endpoints that fail, hang, or lead astray (O09, O10, O14, O15, O35, L13).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::{Value, json};

use crate::support::app::app_with;
use crate::support::people::visitor;
use crate::support::scripted_provider::{
    Key, Reply, ScriptedProvider, app_with_providers, begin, finish, sign_in_with_token, start,
};
use crate::support::social_app::{assert_refused, outcome};

#[tokio::test]
async fn o10_an_answer_of_another_issuer_is_refused_before_the_code_goes_anywhere() {
    let provider = ScriptedProvider::new().await;
    provider.discover(&json!({"authorization_response_iss_parameter_supported": true}));
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    for iss in [json!(null), json!("http://127.0.0.1:1"), json!(""), json!(format!("{}/", provider.base))] {
        let (state, nonce) = begin(&browser, "p0").await;
        provider.give(&provider.key.token(&provider.claims(&nonce)));
        let body = json!({"code": "code", "state": state, "iss": iss});
        let reply = browser.post("/api/social/p0/", &body).await;
        assert_refused(&browser, &reply, "code_rejected").await;
    }
    assert_eq!(provider.asked("/token"), 0);
    let (state, nonce) = begin(&browser, "p0").await;
    provider.give(&provider.key.token(&provider.claims(&nonce)));
    let body = json!({"code": "code", "state": state, "iss": provider.base});
    assert_eq!(outcome(&browser.post("/api/social/p0/", &body).await), "signed_up");
}

/// O09, O15: discovery documents with another issuer, without S256, or with URLs in our own network.
#[tokio::test]
async fn o09_o15_a_discovery_document_leads_nowhere_but_to_its_issuer() {
    let canary = tokio::net::TcpListener::bind("127.0.0.9:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let mut changes = vec![
        json!({"issuer": "https://accounts.google.com"}),
        json!({"issuer": null}),
        json!({"code_challenge_methods_supported": ["plain"]}),
        json!({"code_challenge_methods_supported": []}),
        json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
        json!({"token_endpoint": "not a url"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
    ];
    for host in ["127.0.0.9", "[::ffff:127.0.0.9]", "2130706441", "0177.0.0.011", "0x7f000009", "127.9"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            changes.push(json!({"token_endpoint": url}));
            changes.push(json!({"jwks_uri": url}));
            changes.push(json!({"userinfo_endpoint": url}));
        }
    }
    changes.extend(
        ["file:///etc/passwd", "ftp://127.0.0.9/", "http://169.254.169.254/latest", "https://10.0.0.1/"]
            .map(|url| json!({"jwks_uri": url})),
    );
    let mut providers = Vec::new();
    for change in &changes {
        let provider = ScriptedProvider::new().await;
        provider.discover(change);
        providers.push(provider);
    }
    let app = app_with_providers(&providers).await;
    let browser = visitor(&app).await;
    for (index, change) in changes.iter().enumerate() {
        let reply = start(&browser, &format!("p{index}")).await;
        assert_eq!(
            (reply.status.as_u16(), outcome(&reply)),
            (502, "provider_unreachable".into()),
            "{change}: {}",
            reply.text
        );
    }
    let called = tokio::time::timeout(Duration::from_millis(50), canary.accept()).await;
    assert!(called.is_err(), "somebody called the canary");
}

/// O14: endpoints that fail, flood, or redirect. One that hangs costs the ten seconds a provider may take,
/// and delays nobody else.
#[tokio::test]
async fn o14_l13_a_broken_endpoint_affects_only_itself() {
    let canary = ScriptedProvider::new().await;
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(&[provider.clone(), canary.clone()]).await;
    let browser = visitor(&app).await;
    for reply in [
        Reply::Html(500),
        Reply::Html(200),
        Reply::Html(404),
        Reply::Redirect(format!("{}/token", canary.base)),
        Reply::Flood(100 * 1024 * 1024),
        Reply::Compressed,
        Reply::Json(json!([])),
        Reply::Json(json!({"token_type": "Bearer"})),
        Reply::Json(json!({"error": "temporarily_unavailable"})),
    ] {
        let (state, _) = begin(&browser, "p0").await;
        provider.answer("/token", reply);
        let answer = finish(&browser, "p0", &state).await;
        assert_eq!(answer.status, 502, "{}", answer.text);
        assert_refused(&browser, &answer, "provider_unreachable").await;
    }
    assert_eq!(canary.asked("/token"), 0, "no redirect is followed");
    let (state, _) = begin(&browser, "p0").await;
    provider.answer("/token", Reply::Silence);
    let began = Instant::now();
    let (slow, fast) = (browser.copy(), visitor(&app).await);
    let waiting = tokio::spawn(async move { finish(&slow, "p0", &state).await });
    let (state, nonce) = begin(&fast, "p1").await;
    canary.give(&canary.key.token(&canary.claims(&nonce)));
    assert_eq!(outcome(&finish(&fast, "p1", &state).await), "signed_up");
    let by_password = visitor(&app).await;
    app.add("ada@example.test", Rank::Plain).await;
    assert_eq!(by_password.login("ada@example.test", PASSWORD).await.status, 200);
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "neither another provider nor a password waits for nobody"
    );
    let answer = waiting.await.unwrap();
    assert_refused(&browser, &answer, "provider_unreachable").await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

/// A port that nobody listens on, and a server without a valid certificate.
#[tokio::test]
async fn o14_l13_a_provider_that_is_down_is_reported_as_unreachable() {
    let address: SocketAddr = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let no_tls = ScriptedProvider::new().await;
    let issuers = [("down", format!("http://{address}")), ("no-tls", no_tls.base.replace("http:", "https:"))];
    let settings: Vec<Value> = issuers
        .iter()
        .map(|(id, issuer)| {
            json!({"id": id, "kind": "oidc", "issuer": issuer, "client_id": "x", "client_secret": "y"})
        })
        .collect();
    let app = app_with(|config| config.provider = serde_json::from_value(settings.into()).unwrap()).await;
    for (id, _) in issuers {
        let reply = start(&visitor(&app).await, id).await;
        assert_eq!(
            (reply.status.as_u16(), outcome(&reply)),
            (502, "provider_unreachable".into()),
            "{id}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn o35_tokens_with_invented_keys_do_not_cause_endless_fetches() {
    let provider = ScriptedProvider::new().await;
    let app = app_with_providers(std::slice::from_ref(&provider)).await;
    let browser = visitor(&app).await;
    app.advance(Duration::from_mins(2));
    for number in 0..30 {
        let key = Key::new(&format!("invented-{number}"));
        let reply = sign_in_with_token(&browser, &provider, |claims| key.token(&claims)).await;
        assert_eq!(outcome(&reply), "code_rejected");
    }
    assert!(provider.asked("/certs") <= 2, "{}", provider.asked("/certs"));
    // A genuinely new key is found after a minute.
    let newer = Key::new("newer");
    provider.answer("/certs", Reply::Json(json!({"keys": [provider.key.jwk(), newer.jwk()]})));
    app.advance(Duration::from_mins(1));
    let reply = sign_in_with_token(&browser, &provider, |claims| newer.token(&claims)).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}
