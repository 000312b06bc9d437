//! Providers that lie, break and lead astray: nobody is signed in by them, and nothing of ours is called for them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply as Answer};
use ring::hmac;
use serde_json::{Value, json};

use crate::support::database::{App, app_with};
use crate::support::desk::{assert_refused, outcome};
use crate::support::hostile::{Hostile, Key, Reply, unsigned};

/// An app with these providers, called `p0`, `p1` and so on.
pub(crate) async fn app_of(hostiles: &[Hostile]) -> App {
    let settings: Vec<Value> =
        hostiles.iter().enumerate().map(|(index, hostile)| hostile.settings(&format!("p{index}"))).collect();
    app_with(|config| config.provider = serde_json::from_value(settings.into()).unwrap()).await
}

pub(crate) async fn visitor(app: &App) -> Browser {
    let browser = app.browser();
    browser.open_login_page().await;
    browser
}

pub(crate) async fn start(browser: &Browser, id: &str) -> Answer {
    browser.post(&format!("/api/social/{id}/start/"), &json!({})).await
}

/// Begins an attempt: its state and its nonce.
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

/// Begins an attempt, lets the provider give the token that `make` makes of good claims, and finishes.
pub(crate) async fn given(
    browser: &Browser,
    hostile: &Hostile,
    make: impl FnOnce(Value) -> String,
) -> Answer {
    let (state, nonce) = begin(browser, "p0").await;
    hostile.give(&make(hostile.claims(&nonce)));
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

/// Makes a token of good claims.
type Forge<'a> = Box<dyn FnOnce(Value) -> String + 'a>;

#[tokio::test]
async fn o16_a_forged_id_token_signs_nobody_in() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
    let browser = visitor(&app).await;
    let key = &hostile.key;
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
        let reply = given(&browser, &hostile, forge).await;
        assert_eq!(outcome(&reply), "code_rejected", "{name}: {}", reply.text);
        assert_refused(&browser, &reply, "code_rejected").await;
    }
    let honest = given(&browser, &hostile, |claims| key.token(&claims)).await;
    assert_eq!(outcome(&honest), "signed_up", "{}", honest.text);
}

#[tokio::test]
async fn o17_an_id_token_that_says_something_else_signs_nobody_in() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
    let browser = visitor(&app).await;
    let now = hostile.claims("")["iat"].as_i64().unwrap();
    for (name, value) in [
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", json!(["another"])),
        ("aud", json!(null)),
        ("aud", json!(["client", "another"])),
        ("azp", json!("another")),
        ("iss", json!("http://127.0.0.1:1")),
        ("iss", json!(format!("{}/", hostile.base))),
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
        let reply =
            given(&browser, &hostile, |claims| hostile.key.token(&with(claims, name, value.clone()))).await;
        assert_eq!(outcome(&reply), "code_rejected", "{name} = {value}: {}", reply.text);
        let reply = given(&browser, &hostile, |claims| hostile.key.token(&without(claims, name))).await;
        let is_optional = ["azp", "nbf"].contains(&name);
        assert_eq!(outcome(&reply) == "code_rejected", !is_optional, "without {name}: {}", reply.text);
    }
    browser.post("/api/logout/", &json!({})).await;
    // Within the leeway, with this client among others and as the party: good.
    let good = |claims| {
        let claims = with(with(claims, "exp", json!(now - 30)), "iat", json!(now + 30));
        hostile.key.token(&with(with(claims, "aud", json!(["client", "another"])), "azp", json!("client")))
    };
    let reply = given(&browser, &hostile, good).await;
    assert_eq!(outcome(&reply), "signed_in", "{}", reply.text);
    // Replayed in another attempt: its nonce is that of the first.
    let (_, nonce) = begin(&browser, "p0").await;
    hostile.give(&hostile.key.token(&hostile.claims(&nonce)));
    let (state, _) = begin(&browser, "p0").await;
    assert_eq!(outcome(&finish(&browser, "p0", &state).await), "code_rejected");
}

#[tokio::test]
async fn o18_only_true_verifies_an_address() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
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
        let make = |claims| hostile.key.token(&with(claims, "email_verified", value.clone()));
        let reply = given(&browser, &hostile, make).await;
        assert_eq!(outcome(&reply), "email_required", "{value}: {}", reply.text);
        let reply =
            given(&browser, &hostile, |claims| hostile.key.token(&without(claims, "email_verified"))).await;
        assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
    }
}

/// O22: subjects that differ in case are two people.
#[tokio::test]
async fn o22_subjects_are_compared_exactly() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
    for (sub, email) in
        [("AbC", "one@example.test"), ("abc", "two@example.test"), ("AbC ", "three@example.test")]
    {
        let make = |claims| hostile.key.token(&with(with(claims, "sub", json!(sub)), "email", json!(email)));
        let reply = given(&visitor(&app).await, &hostile, make).await;
        assert_eq!(outcome(&reply), "signed_up", "{sub}: {}", reply.text);
    }
}

#[tokio::test]
async fn o10_an_answer_of_another_issuer_is_refused_before_the_code_goes_anywhere() {
    let hostile = Hostile::new().await;
    hostile.discover(&json!({"authorization_response_iss_parameter_supported": true}));
    let app = app_of(std::slice::from_ref(&hostile)).await;
    let browser = visitor(&app).await;
    for iss in [json!(null), json!("http://127.0.0.1:1"), json!(""), json!(format!("{}/", hostile.base))] {
        let (state, nonce) = begin(&browser, "p0").await;
        hostile.give(&hostile.key.token(&hostile.claims(&nonce)));
        let body = json!({"code": "code", "state": state, "iss": iss});
        let reply = browser.post("/api/social/p0/", &body).await;
        assert_refused(&browser, &reply, "code_rejected").await;
    }
    assert_eq!(hostile.asked("/token"), 0);
    let (state, nonce) = begin(&browser, "p0").await;
    hostile.give(&hostile.key.token(&hostile.claims(&nonce)));
    let body = json!({"code": "code", "state": state, "iss": hostile.base});
    assert_eq!(outcome(&browser.post("/api/social/p0/", &body).await), "signed_up");
}

/// O09, O15: documents that are another issuer's, know no S256, or lead to our own network.
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
    let mut hostiles = Vec::new();
    for change in &changes {
        let hostile = Hostile::new().await;
        hostile.discover(change);
        hostiles.push(hostile);
    }
    let app = app_of(&hostiles).await;
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

/// O14: endpoints that break, flood, lead away. What hangs takes the ten seconds that a provider has, and nobody else's.
#[tokio::test]
async fn o14_l13_a_broken_endpoint_is_out_of_reach_for_itself_alone() {
    let canary = Hostile::new().await;
    let hostile = Hostile::new().await;
    let app = app_of(&[hostile.clone(), canary.clone()]).await;
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
        hostile.answer("/token", reply);
        let answer = finish(&browser, "p0", &state).await;
        assert_eq!(answer.status, 502, "{}", answer.text);
        assert_refused(&browser, &answer, "provider_unreachable").await;
    }
    assert_eq!(canary.asked("/token"), 0, "no redirect is followed");
    let (state, _) = begin(&browser, "p0").await;
    hostile.answer("/token", Reply::Silence);
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

/// Where nobody listens at all, and where what answers does not prove whose it is.
#[tokio::test]
async fn o14_l13_a_provider_that_is_down_is_out_of_reach() {
    let address: SocketAddr = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let no_tls = Hostile::new().await;
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
async fn o35_tokens_with_invented_keys_do_not_make_us_fetch_again_and_again() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
    let browser = visitor(&app).await;
    app.advance(Duration::from_mins(2));
    for number in 0..30 {
        let key = Key::new(&format!("invented-{number}"));
        let reply = given(&browser, &hostile, |claims| key.token(&claims)).await;
        assert_eq!(outcome(&reply), "code_rejected");
    }
    assert!(hostile.asked("/certs") <= 2, "{}", hostile.asked("/certs"));
    // A key that is really new is found after a minute.
    let newer = Key::new("newer");
    hostile.answer("/certs", Reply::Json(json!({"keys": [hostile.key.jwk(), newer.jwk()]})));
    app.advance(Duration::from_mins(1));
    let reply = given(&browser, &hostile, |claims| newer.token(&claims)).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}

/// The profile adds what the ID token leaves out, for the same subject only.
#[tokio::test]
async fn o17_a_profile_counts_for_its_own_subject_only() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
    let browser = visitor(&app).await;
    let silent = |claims| hostile.key.token(&without(without(claims, "email"), "email_verified"));
    let profile = |sub: &str| json!({"sub": sub, "email": "mary@example.test", "email_verified": true});
    hostile.answer("/userinfo", Reply::Json(profile("victim")));
    assert_refused(&browser, &given(&browser, &hostile, silent).await, "code_rejected").await;
    hostile.answer("/userinfo", Reply::Json(profile("AbC")));
    let reply = given(&browser, &hostile, silent).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}

/// Whether an address is verified is said where the address is said, and nowhere else.
#[tokio::test]
async fn o18_a_verified_of_the_id_token_is_not_that_of_the_profiles_address() {
    let hostile = Hostile::new().await;
    let app = app_of(std::slice::from_ref(&hostile)).await;
    let flagged = |claims| hostile.key.token(&without(claims, "email"));
    for profile in [
        json!({"sub": "AbC", "email": "victim@example.test"}),
        json!({"sub": "AbC", "email": "victim@example.test", "email_verified": false}),
        json!({"sub": "AbC", "email": "victim@example.test", "email_verified": "yes"}),
    ] {
        hostile.answer("/userinfo", Reply::Json(profile.clone()));
        let reply = given(&visitor(&app).await, &hostile, flagged).await;
        assert_eq!(outcome(&reply), "email_required", "{profile}: {}", reply.text);
    }
    let verified = json!({"sub": "AbC", "email": "mary@example.test", "email_verified": true});
    hostile.answer("/userinfo", Reply::Json(verified));
    let unflagged =
        |claims| hostile.key.token(&with(without(claims, "email"), "email_verified", json!(false)));
    let reply = given(&visitor(&app).await, &hostile, unflagged).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}

/// An app with one provider of a kind whose endpoints are those of a server that gives documented replies.
async fn app_at(hostile: &Hostile, kind: &str, profile: &str) -> App {
    let base = &hostile.base;
    let settings = json!([{
        "id": kind, "client_id": "client", "client_secret": "of-client", "authorize_url": format!("{base}/authorize"),
        "token_url": format!("{base}/token"), "userinfo_url": format!("{base}{profile}"), "trust_email": "verified",
    }]);
    app_with(|config| config.provider = serde_json::from_value(settings).unwrap()).await
}

async fn arrive(app: &App, id: &str) -> Answer {
    let browser = visitor(app).await;
    let started = start(&browser, id).await;
    let url = url::Url::parse(started.json()["url"].as_str().unwrap()).unwrap();
    let state = url.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    finish(&browser, id, &state).await
}

/// Replies as GitHub documents them (REST API, "Get the authenticated user", "List email addresses").
#[tokio::test]
async fn githubs_documented_replies_are_understood() {
    let hostile = Hostile::new().await;
    let app = app_at(&hostile, "github", "/user").await;
    let tokens = json!({"access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "scope": "repo,gist", "token_type": "bearer"});
    hostile.answer("/token", Reply::Json(tokens));
    // The public address is somebody's say-so: only the list counts.
    hostile.answer("/user", Reply::Json(json!({
        "login": "octocat", "id": 1, "node_id": "MDQ6VXNlcjE=", "gravatar_id": "", "type": "User", "site_admin": false,
        "name": "monalisa octocat", "company": "GitHub", "email": "victim@example.test", "hireable": false, "bio": null,
    })));
    let list = |primary: &str, verified: bool| {
        Reply::Json(json!([
            {"email": "old@example.test", "verified": true, "primary": false, "visibility": null},
            {"email": primary, "verified": verified, "primary": true, "visibility": "public"},
        ]))
    };
    hostile.answer("/user/emails", list("octocat@example.test", false));
    let reply = arrive(&app, "github").await;
    assert_eq!(
        (outcome(&reply), &reply.json()["email"]),
        ("email_required".into(), &json!("octocat@example.test"))
    );
    hostile.answer("/user/emails", Reply::Json(json!({"message": "Not Found", "status": "404"})));
    assert_eq!(outcome(&arrive(&app, "github").await), "email_required", "an object is no list");
    hostile.answer("/user/emails", list("octocat@example.test", true));
    let reply = arrive(&app, "github").await;
    assert_eq!(
        (outcome(&reply), &reply.json()["user"]["email"]),
        ("signed_up".into(), &json!("octocat@example.test"))
    );
    assert_eq!(app.database.texts("SELECT subject || ' ' || label FROM identities").await, ["1 octocat"]);
    // A no comes with 200.
    hostile.answer(
        "/token",
        Reply::Json(json!({
            "error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
        })),
    );
    assert_eq!(outcome(&arrive(&app, "github").await), "code_rejected");
    hostile.answer("/token", Reply::Json(json!({"error": "access_denied"})));
    assert_eq!(outcome(&arrive(&app, "github").await), "provider_denied");
}

/// Replies as Facebook documents them (Graph API, "User", "Handling errors"). No rule makes its address verified but `always`.
#[tokio::test]
async fn facebooks_documented_replies_are_understood() {
    let hostile = Hostile::new().await;
    let app = app_at(&hostile, "facebook", "/me").await;
    hostile.answer(
        "/token",
        Reply::Json(json!({"access_token": "EAAB", "token_type": "bearer", "expires_in": 5_183_944})),
    );
    hostile.answer(
        "/me",
        Reply::Json(json!({"id": "10158888888888888", "name": "Ada", "email": "ada\u{40}example.test"})),
    );
    let reply = arrive(&app, "facebook").await;
    assert_eq!(
        (outcome(&reply), &reply.json()["email"]),
        ("email_required".into(), &json!("ada@example.test"))
    );
    hostile.answer("/me", Reply::Json(json!({"id": "10158888888888888", "name": "Ada"})));
    let reply = arrive(&app, "facebook").await;
    assert_eq!((outcome(&reply), reply.json()["email"].is_null()), ("email_required".into(), true));
    hostile.answer("/token", Reply::Json(json!({"error": {
        "message": "This authorization code has been used.", "type": "OAuthException", "code": 100, "error_subcode": 36009,
    }})));
    assert_eq!(outcome(&arrive(&app, "facebook").await), "code_rejected");
}
