//! Calls that need no script: a link that leads to a provider, and an answer that the browser posts.

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, Call, Kind, Mood, Person};
use http::Method;
use serde_json::{Value, json};

use crate::support::people::visitor;
use crate::support::scripted_provider::{Reply, ScriptedProvider};
use crate::support::social_app::{SocialApp, outcome, post_callback, social_app};

const FORM: &str = "application/x-www-form-urlencoded";

/// Builds the request that a provider's page makes the browser send: no cookies of ours, and another origin.
fn posted<'a>(browser: &'a Browser, path: &str, form: &str) -> Call<'a> {
    let call = browser.call(&Method::POST, path).without("cookie").without("x-csrftoken");
    let call = call.instead("origin", "https://appleid.apple.com").instead("sec-fetch-site", "cross-site");
    call.header("content-type", FORM).body(form.to_owned())
}

fn location(reply: &cloakroom::testing::Reply) -> String {
    reply.headers.get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn query_of(url: &str) -> Vec<(String, String)> {
    let base = url::Url::parse("http://localhost:3000").unwrap();
    base.join(url).unwrap().query_pairs().into_owned().collect()
}

#[tokio::test]
async fn finding_q3_a_posted_answer_becomes_the_pages_get_and_loses_nothing() {
    let app = social_app().await;
    let browser = app.visitor().await;
    let user =
        r#"{"name":{"firstName":"Mary","lastName":"O'Neil & Sons"},"email":"m@privaterelay.appleid.com"}"#;
    let pairs = [("code", "c.0.mr&x=1"), ("state", "s+t/a"), ("user", user), ("error", ""), ("more", "ü")];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let reply = posted(&browser, "/auth/github/callback?kept=1", &form).send().await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    assert!(location(&reply).starts_with("/auth/github/callback?kept=1&"), "{}", location(&reply));
    let mut expected = vec![("kept".to_owned(), "1".to_owned())];
    expected.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(query_of(&location(&reply)), expected);
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["referrer-policy"], "no-referrer");
    assert!(!reply.headers.contains_key("set-cookie"), "{:?}", reply.headers);
}

/// Only this path and content type are exempt. Everything else is checked as usual.
#[tokio::test]
async fn finding_q3_nothing_else_passes_without_a_token() {
    let app = social_app().await;
    let browser = app.visitor().await;
    for path in [
        "/auth/nobody/callback",
        "/auth/github/callback/",
        "/auth/github/callback/x",
        "/auth//callback",
        "/auth/github%2Fcallback",
        "/auth/github/../github/callback",
        "//auth/github/callback",
        "/AUTH/github/callback",
        "/api/social/github/",
        "/api/logout/",
    ] {
        let reply = posted(&browser, path, "code=c&state=s").send().await;
        assert_eq!(reply.code(), "csrf_failed", "{path}: {} {}", reply.status, reply.text);
    }
    let put = browser.call(&Method::PUT, "/auth/github/callback").without("x-csrftoken").send().await;
    assert_eq!(put.code(), "csrf_failed", "{}", put.text);
    for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let call = posted(&browser, "/auth/github/callback", "code=c&state=s");
        let reply = call.instead("content-type", content_type).send().await;
        assert_eq!(reply.status, 415, "{content_type}: {}", reply.text);
    }
    let flood = format!("code={}", "x".repeat(9000));
    assert_eq!(posted(&browser, "/auth/github/callback", &flood).send().await.status, 413);
    let split = "code=a%0d%0aSet-Cookie:%20x=1&state=%00";
    let reply = posted(&browser, "/auth/github/callback", split).send().await;
    assert_eq!((reply.status.as_u16(), reply.headers.contains_key("set-cookie")), (303, false));
}

/// An answer that an attacker posts through somebody else's browser signs nobody in, because our page needs
/// the cookies of the browser that began.
#[tokio::test]
async fn finding_q3_a_posted_answer_of_another_browser_signs_nobody_in() {
    let app = social_app().await;
    let (attacker, victim) = (app.visitor().await, app.visitor().await);
    let person = Person::verified("mary@example.test");
    let answer = app.consent(&attacker, Kind::GitHub, (&json!({}), &person)).await;
    let form = format!("code={}&state={}", answer.code.as_deref().unwrap(), answer.state);
    assert_eq!(posted(&victim, "/auth/github/callback", &form).send().await.status, 303);
    assert_eq!(victim.state().await, "anonymous");
    assert_eq!(outcome(&post_callback(&victim, Kind::GitHub, &answer).await), "state_mismatch");
    assert_eq!(outcome(&post_callback(&attacker, Kind::GitHub, &answer).await), "signed_up");
}

/// Follows a plain link.
async fn follow(browser: &Browser, path: &str) -> cloakroom::testing::Reply {
    browser.call(&Method::GET, path).header("sec-fetch-site", "same-origin").send().await
}

fn consent(app: &SocialApp, url: &str, email: &str) -> Value {
    let answer = app.provider(Kind::GitHub).consent(url, &Person::verified(email), Mood::Well).unwrap();
    json!({"code": answer.code, "state": answer.state})
}

#[tokio::test]
async fn finding_v15_a_plain_link_leads_to_the_provider_and_sets_the_browser_cookie() {
    let app = social_app().await;
    let browser = app.browser();
    let reply = follow(&browser, "/api/social/github/start/?return_to=%2Fwelcome%3Fa%3D1").await;
    assert_eq!(reply.status, 302, "{}", reply.text);
    assert!(browser.cookie("browser").is_some() && browser.cookie("csrftoken").is_some());
    let url = location(&reply);
    assert!(
        query_of(&url).iter().any(|(name, value)| name == "code_challenge_method" && value == "S256"),
        "{url}"
    );
    let reply = browser.post("/api/social/github/", &consent(&app, &url, "mary@example.test")).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(reply.json()["return_to"], "/welcome?a=1");
    // A browser that already has the cookies keeps them.
    let again = follow(&browser, "/api/social/github/start").await;
    assert_eq!((again.status.as_u16(), again.headers.contains_key("set-cookie")), (302, false));
}

#[tokio::test]
async fn finding_v15_a_link_is_judged_as_the_post_is() {
    let app = social_app().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.browser();
    let foreign =
        browser.call(&Method::GET, "/api/social/github/start/").header("sec-fetch-site", "cross-site");
    let reply = foreign.send().await;
    assert_eq!((reply.status.as_u16(), reply.code()), (403, "csrf_failed".to_owned()), "{}", reply.text);
    for (path, status, code) in [
        ("/api/social/nobody/start/", 404, "not_found"),
        ("/api/social/github/start/?return_to=https%3A%2F%2Fevil.test", 422, "validation_failed"),
        ("/api/social/github/start/?return_to=%2F%2Fevil.test", 422, "validation_failed"),
        ("/api/social/github/start/?return_to=%2Fa&return_to=%2Fb", 422, "validation_failed"),
        ("/api/social/github/start/?intent=link", 422, "validation_failed"),
    ] {
        let reply = follow(&browser, path).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{path}: {}", reply.text);
    }
    let head = browser.call(&Method::HEAD, "/api/social/github/start/").send().await;
    assert_eq!(head.status, 405);
    assert_eq!(app.database.rows("challenges").await, 0, "nothing was begun");
    // A link counts like the POST: the last attempt of the window is accepted, the next is not.
    assert_eq!(follow(&browser, "/api/social/github/start/").await.status, 302);
    let used_up = "UPDATE cloakroom_limits SET count = 999 WHERE key LIKE 'attempts:%'";
    assert_eq!(app.database.change(used_up).await, 1);
    assert_eq!(follow(&browser, "/api/social/github/start/").await.status, 302);
    let refused = follow(&browser, "/api/social/github/start/").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limited".to_owned()));
}

/// Makes a private key in the format of Apple's `AuthKey_….p8`, and returns it with its public half.
fn apple_key() -> (String, Vec<u8>) {
    use base64::Engine as _;
    use ring::signature::KeyPair as _;
    let (algorithm, random) =
        (&ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING, ring::rand::SystemRandom::new());
    let document = ring::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = ring::signature::EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(document.as_ref());
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    (pem, pair.public_key().as_ref().to_vec())
}

/// Verifies a client secret, and returns its header and claims.
fn secret_of(jwt: &str, public: &[u8]) -> (Value, Value) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, public);
    key.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    (part(header), part(claims))
}

/// Apple, "Sign in with Apple REST API": form post, a signed client secret, flags as text, and the name only
/// once.
#[tokio::test]
async fn finding_q3_apple_from_the_link_to_the_session() {
    let provider = ScriptedProvider::new().await;
    let (pem, public) = apple_key();
    provider.discover(&json!({
        "response_modes_supported": ["query", "fragment", "form_post"], "userinfo_endpoint": null,
        "code_challenge_methods_supported": null, "scopes_supported": ["openid", "email", "name"],
    }));
    let settings = json!([{
        "id": "apple", "client_id": "client", "team_id": "TEAM123456", "key_id": "KEY1234567", "private_key": pem,
        "issuer": provider.base,
    }]);
    let app = crate::support::app::app_with(|config| {
        config.provider = serde_json::from_value(settings).unwrap();
    })
    .await;
    let mut secrets = Vec::new();
    for (name, hours) in [(Some("Mary Apple"), 0), (None, 0), (None, 2)] {
        app.advance(std::time::Duration::from_hours(hours));
        let browser = visitor(&app).await;
        let url = browser.post("/api/social/apple/start/", &json!({})).await.json()["url"]
            .as_str()
            .unwrap()
            .to_owned();
        let asked: std::collections::BTreeMap<String, String> = query_of(&url).into_iter().collect();
        assert_eq!(
            (asked["response_mode"].as_str(), asked["scope"].as_str()),
            ("form_post", "openid email name")
        );
        let mut claims = provider.claims(&asked["nonce"]);
        for (claim, value) in
            [("email", json!(null)), ("email_verified", json!(null)), ("nonce_supported", json!(true))]
        {
            claims[claim] = value;
        }
        for claim in ["iat", "exp"] {
            claims[claim] = json!(claims[claim].as_u64().unwrap() + hours * 3600);
        }
        if name.is_some() {
            claims["email"] = json!("x7k@privaterelay.appleid.com");
            claims["email_verified"] = json!("true");
            claims["is_private_email"] = json!("true");
        }
        provider.answer(
            "/token",
            Reply::Json(json!({
                "access_token": "a", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r",
                "id_token": provider.key.token(&claims),
            })),
        );
        let mut pairs = vec![("state", asked["state"].clone()), ("code", "c".to_owned())];
        if name.is_some() {
            let told =
                json!({"name": {"firstName": "Mary", "lastName": "Apple"}, "email": "victim@example.test"});
            pairs.push(("user", told.to_string()));
        }
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let reply = posted(&browser, "/auth/apple/callback", &form).send().await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        // As the page does it.
        let answer: serde_json::Map<String, Value> =
            query_of(&location(&reply)).into_iter().map(|(name, value)| (name, value.into())).collect();
        let reply = browser.post("/api/social/apple/", &answer.into()).await;
        let expected = if name.is_some() { "signed_up" } else { "signed_in" };
        assert_eq!(outcome(&reply), expected, "{}", reply.text);
        assert_eq!(
            reply.json()["user"]["email"],
            "x7k@privaterelay.appleid.com",
            "the form's address is not taken"
        );
        let secret = provider.sent("client_secret").unwrap();
        let (header, claims) = secret_of(&secret, &public);
        assert_eq!((&header["alg"], &header["kid"]), (&json!("ES256"), &json!("KEY1234567")));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("TEAM123456"), &json!("client")));
        assert_eq!(claims["aud"], provider.base);
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!((60..=15_777_000).contains(&life), "at most six months: {claims}");
        secrets.push(secret);
    }
    assert_eq!(secrets[0], secrets[1], "kept while it is good");
    assert_ne!(secrets[1], secrets[2], "renewed before it ends");
}

/// With `load_extra_data` the name is kept, and a label that came from it stays when Apple sends no name
/// later.
#[tokio::test]
async fn finding_q3_the_name_that_comes_once_is_not_lost() {
    let provider = ScriptedProvider::new().await;
    provider.discover(&json!({"userinfo_endpoint": null}));
    let (pem, _) = apple_key();
    let settings = json!([{
        "id": "apple", "client_id": "client", "team_id": "T", "key_id": "K", "private_key": pem, "issuer": provider.base,
    }]);
    let app = crate::support::app::app_with(|config| {
        config.provider = serde_json::from_value(settings).unwrap();
    })
    .await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    for (intent, user) in [
        ("link", Some(r#"{"name":{"firstName":"Ada","lastName":"King"}}"#)),
        ("reauthenticate", None),
        ("reauthenticate", Some("not json")),
        ("reauthenticate", Some(r#"{"name":["x"],"email":"x@example.test"}"#)),
    ] {
        let started = browser.post("/api/social/apple/start/", &json!({"intent": intent})).await;
        let asked: std::collections::BTreeMap<String, String> =
            query_of(started.json()["url"].as_str().unwrap()).into_iter().collect();
        let mut claims = provider.claims(&asked["nonce"]);
        claims["email"] = json!(null);
        provider.give(&provider.key.token(&claims));
        let answer = json!({"code": "c", "state": asked["state"], "user": user});
        let reply = browser.post("/api/social/apple/", &answer).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(
            app.database.texts("SELECT label FROM cloakroom_identities").await,
            ["Ada King"],
            "{user:?}"
        );
    }
}
