//! Provider kinds, each against a scripted provider that replies as the vendor's documentation shows.

use std::collections::BTreeMap;

use cloakroom::testing::{Browser, Reply as Answer};
use serde_json::{Value, json};

use crate::support::app::{App, app_with};
use crate::support::people::visitor;
use crate::support::scripted_provider::{Reply, ScriptedProvider, start, with, without};
use crate::support::social_app::{assert_refused, outcome};

/// A scripted provider, an app with it as its only provider, and the vendor's additions to its replies.
struct Vendor {
    provider: ScriptedProvider,
    app: App,
    id: &'static str,
    /// Members of the token reply besides `access_token`, `token_type` and `id_token`.
    tokens: Value,
}

/// A social attempt: its browser, and the parameters of the authorization request.
struct Attempt {
    browser: Browser,
    query: BTreeMap<String, String>,
}

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

impl Vendor {
    /// Sets up the kind `id` with the endpoints of a scripted provider. `BASE` in the settings stands for its
    /// address.
    async fn new(id: &'static str, settings: &Value) -> Self {
        Self::at(ScriptedProvider::new().await, id, settings).await
    }

    async fn at(provider: ScriptedProvider, id: &'static str, settings: &Value) -> Self {
        let mut table = json!({"id": id, "client_id": "client", "client_secret": "of-client"});
        table.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let table = table.to_string().replace("BASE", &provider.base);
        let app = app_with(|config| config.provider = vec![serde_json::from_str(&table).unwrap()]).await;
        Self { provider, app, id, tokens: json!({"expires_in": 3599}) }
    }

    async fn begin(&self) -> Attempt {
        let browser = visitor(&self.app).await;
        let started = start(&browser, self.id).await;
        assert_eq!(started.status, 200, "{}", started.text);
        let url = url::Url::parse(started.json()["url"].as_str().unwrap()).unwrap();
        let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Attempt { browser, query }
    }

    /// Makes the token endpoint return an ID token with these claims.
    fn give(&self, claims: &Value) {
        let mut tokens = json!({"access_token": "at", "token_type": "Bearer", "id_token": self.provider.key.token(claims)});
        tokens.as_object_mut().unwrap().extend(self.tokens.as_object().unwrap().clone());
        self.provider.answer("/token", Reply::Json(tokens));
    }

    async fn finish(&self, attempt: &Attempt, more: &Value) -> Answer {
        let mut body = json!({"code": "code", "state": attempt.query["state"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        attempt.browser.post(&format!("/api/social/{}/", self.id), &body).await
    }

    /// Signs in with valid claims that `change` has modified.
    async fn sign_in(&self, change: impl FnOnce(Value) -> Value) -> (Attempt, Answer) {
        let attempt = self.begin().await;
        let nonce = attempt.query.get("nonce").cloned().unwrap_or_default();
        self.give(&change(self.provider.claims(&nonce)));
        let reply = self.finish(&attempt, &json!({})).await;
        (attempt, reply)
    }
}

/// Returns the provider's name as the page gets it.
async fn name_of(app: &App) -> String {
    let config = app.browser().get("/api/config/").await.json();
    config["providers"][0]["name"].as_str().unwrap().to_owned()
}

/// Microsoft identity platform, "OpenID Connect on the Microsoft identity platform", "ID token claims reference".
async fn microsoft(tenant: &str, documented: &str, settings: &Value) -> Vendor {
    let provider = ScriptedProvider::new().await;
    let base = provider.base.clone();
    provider.answer(
        &format!("/{tenant}/v2.0/.well-known/openid-configuration"),
        Reply::Json(json!({
            "issuer": format!("{base}/{documented}/v2.0"), "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/certs"),
            "userinfo_endpoint": format!("{base}/oidc/userinfo"), "tenant_region_scope": null, "cloud_instance_name": "microsoftonline.com",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        })),
    );
    let mut all = json!({"issuer": format!("{base}/{tenant}/v2.0")});
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    Vendor::at(provider, "microsoft", &all).await
}

/// Turns claims into those of a person in a tenant. Microsoft sends no `email_verified`.
fn of_tenant(claims: Value, tid: &str) -> Value {
    let issuer = format!("{}/{tid}/v2.0", claims["iss"].as_str().unwrap());
    let claims = without(with(with(claims, "iss", json!(issuer)), "tid", json!(tid)), "email_verified");
    let claims = with(claims, "oid", json!("00000000-0000-0000-66f3-3332eca7ea81"));
    with(with(claims, "ver", json!("2.0")), "preferred_username", json!("mary@example.test"))
}

#[tokio::test]
async fn finding_q1_microsoft_signs_people_of_every_tenant_in() {
    let vendor = microsoft("common", "{tenantid}", &json!({})).await;
    assert_eq!(name_of(&vendor.app).await, "Microsoft");
    let (_, reply) = vendor.sign_in(|claims| of_tenant(claims, TENANT)).await;
    assert_eq!(
        outcome(&reply),
        "email_required",
        "anybody may write any address into a directory: {}",
        reply.text
    );
    let owner = |claims| with(of_tenant(claims, TENANT), "xms_edov", json!(true));
    let (attempt, reply) = vendor.sign_in(owner).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(attempt.query["code_challenge_method"], "S256");
    let kept = vendor.app.database.texts("SELECT issuer FROM cloakroom_identities").await;
    assert_eq!(kept, [format!("{}/{TENANT}/v2.0", vendor.provider.base)]);
    // The same subject in another tenant is another person.
    let other = |claims| of_tenant(claims, "11111111-86f1-41af-91ab-2d7cd011db47");
    let (_, reply) = vendor.sign_in(other).await;
    assert_eq!(outcome(&reply), "link_required", "{}", reply.text);
}

#[tokio::test]
async fn finding_q1_a_token_whose_issuer_is_not_that_of_its_tenant_signs_nobody_in() {
    let vendor = microsoft("organizations", "{tenantid}", &json!({})).await;
    for tid in [json!("11111111-86f1-41af-91ab-2d7cd011db47"), json!(null), json!(""), json!("a/b"), json!(7)]
    {
        let (attempt, reply) =
            vendor.sign_in(|claims| with(of_tenant(claims, TENANT), "tid", tid.clone())).await;
        assert_refused(&attempt.browser, &reply, "code_rejected").await;
    }
    // It is refused even if the text matches the template.
    let (attempt, reply) = vendor.sign_in(|claims| of_tenant(claims, "x/../y")).await;
    assert_refused(&attempt.browser, &reply, "code_rejected").await;
    let (attempt, reply) = vendor.sign_in(|claims| of_tenant(claims, "{tenantid}")).await;
    assert_refused(&attempt.browser, &reply, "code_rejected").await;
}

#[tokio::test]
async fn finding_q1_only_the_tenants_of_the_configuration_are_let_in() {
    let vendor = microsoft("common", "{tenantid}", &json!({"tenants": [TENANT.to_uppercase()]})).await;
    let (_, reply) = vendor.sign_in(|claims| of_tenant(claims, TENANT)).await;
    assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
    let other = |claims| of_tenant(claims, "11111111-86f1-41af-91ab-2d7cd011db47");
    let (attempt, reply) = vendor.sign_in(other).await;
    assert_refused(&attempt.browser, &reply, "not_allowed").await;
    // A discovery document of one tenant accepts no other.
    let vendor = microsoft(TENANT, TENANT, &json!({})).await;
    let (_, reply) = vendor.sign_in(|claims| of_tenant(claims, TENANT)).await;
    assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
    let (attempt, reply) = vendor.sign_in(other).await;
    assert_refused(&attempt.browser, &reply, "code_rejected").await;
}

/// "Sign In with LinkedIn using OpenID Connect": no nonce in the ID token, and PKCE is refused.
#[tokio::test]
async fn finding_q2_linkedin_needs_neither_pkce_nor_a_nonce() {
    let vendor = Vendor::new("linkedin", &json!({"issuer": "BASE"})).await;
    vendor.provider.discover(&json!({
        "token_endpoint_auth_methods_supported": null, "code_challenge_methods_supported": null,
        "scopes_supported": ["openid", "profile", "email"], "id_token_signing_alg_values_supported": ["RS256"],
    }));
    assert_eq!(name_of(&vendor.app).await, "LinkedIn");
    let told = |claims| {
        with(with(without(claims, "nonce"), "email_verified", json!("true")), "locale", json!("en_US"))
    };
    let (attempt, reply) = vendor.sign_in(told).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert!(!attempt.query.contains_key("code_challenge"), "{:?}", attempt.query);
    assert!(!attempt.query.contains_key("code_challenge_method"), "{:?}", attempt.query);
    assert_eq!(attempt.query["scope"], "openid email profile");
    let sent = |field: &str| vendor.provider.sent(field);
    assert_eq!((sent("code_verifier"), sent("client_secret").as_deref()), (None, Some("of-client")));
    // If there is a nonce, it must be the one of this attempt.
    let (attempt, reply) = vendor.sign_in(|claims| with(claims, "nonce", json!("another"))).await;
    assert_refused(&attempt.browser, &reply, "code_rejected").await;
}

#[tokio::test]
async fn finding_q4_discovery_may_be_at_another_url_than_the_issuer() {
    let provider = ScriptedProvider::new().await;
    let document = |issuer: &str| Reply::Json(with(provider.document(), "issuer", json!(issuer)));
    let issuer = "https://tenant.b2clogin.example/guid/v2.0/";
    let settings = json!({"kind": "oidc", "issuer": issuer, "discovery_url": "BASE/policy/.well-known/openid-configuration"});
    let path = "/policy/.well-known/openid-configuration";
    provider.answer(path, document(issuer));
    let vendor = Vendor::at(provider.clone(), "b2c", &settings).await;
    let (attempt, reply) = vendor.sign_in(|claims| with(claims, "iss", json!(issuer))).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 0);
    attempt.browser.post("/api/logout/", &json!({})).await;
    // The issuers of the token and of the document are still compared.
    let (attempt, reply) = vendor.sign_in(|claims| claims).await;
    assert_refused(&attempt.browser, &reply, "code_rejected").await;
    for other in ["https://tenant.b2clogin.example/guid/v2.0", "https://evil.example/"] {
        provider.answer(path, document(other));
        let vendor = Vendor::at(provider.clone(), "b2c", &settings).await;
        let reply = start(&visitor(&vendor.app).await, "b2c").await;
        assert_eq!(outcome(&reply), "provider_unreachable", "{other}: {}", reply.text);
    }
}

/// "GitLab as an OpenID Connect identity provider". A self-hosted server replies in the same format.
#[tokio::test]
async fn finding_q5_gitlab_signs_people_in() {
    let vendor = Vendor::new("gitlab", &json!({"issuer": "BASE"})).await;
    vendor.provider.discover(&json!({
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["plain", "S256"], "claim_types_supported": ["normal"],
    }));
    assert_eq!(name_of(&vendor.app).await, "GitLab");
    let told = |claims| with(with(claims, "groups_direct", json!(["mygroup"])), "sub_legacy", json!("c7"));
    let (attempt, reply) = vendor.sign_in(told).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(attempt.query["code_challenge_method"], "S256");
}

/// Discord developer documentation, `OAuth2` and "User object".
#[tokio::test]
async fn finding_q5_discord_signs_people_in() {
    let endpoints = json!({"authorize_url": "BASE/authorize", "token_url": "BASE/token", "userinfo_url": "BASE/users/@me"});
    let vendor = Vendor::new("discord", &endpoints).await;
    assert_eq!(name_of(&vendor.app).await, "Discord");
    vendor.provider.answer(
        "/token",
        Reply::Json(json!({
            "access_token": "6qrZcUqja7812RVdnEKjpzOL4CvHBFG", "token_type": "Bearer", "expires_in": 604_800,
            "refresh_token": "D43f5y0ahjqew82jZ4NViEr2YafMKhue", "scope": "identify email",
        })),
    );
    let user = json!({
        "id": "80351110224678912", "username": "nelly", "discriminator": "0", "global_name": "Nelly", "avatar": null,
        "verified": false, "email": "nelly@example.test", "flags": 64, "premium_type": 1, "public_flags": 64,
    });
    vendor.provider.answer("/users/@me", Reply::Json(user.clone()));
    let attempt = vendor.begin().await;
    assert_eq!(attempt.query["scope"], "identify email");
    let reply = vendor.finish(&attempt, &json!({})).await;
    assert_eq!(outcome(&reply), "email_required", "{}", reply.text);
    vendor.provider.answer("/users/@me", Reply::Json(with(user, "verified", json!(true))));
    let reply = vendor.finish(&vendor.begin().await, &json!({})).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    let kept = vendor.app.database.texts("SELECT subject || ' ' || label FROM cloakroom_identities").await;
    assert_eq!(kept, ["80351110224678912 nelly"]);
    vendor.provider.answer("/token", Reply::Status(400, json!({"error": "invalid_grant"})));
    assert_eq!(outcome(&vendor.finish(&vendor.begin().await, &json!({})).await), "code_rejected");
}

/// "Sign in with Slack", `openid.connect.token`: errors come with status 200 and `ok: false`.
#[tokio::test]
async fn finding_q5_slack_signs_people_in() {
    let mut vendor = Vendor::new("slack", &json!({"issuer": "BASE"})).await;
    vendor.tokens = json!({"ok": true});
    assert_eq!(name_of(&vendor.app).await, "Slack");
    let told = |claims| {
        let claims = with(claims, "https://slack.com/team_id", json!("T0R7GR"));
        with(with(claims, "https://slack.com/user_id", json!("U0R7JM")), "at_hash", json!("abc…123"))
    };
    let (_, reply) = vendor.sign_in(told).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    vendor.provider.answer("/token", Reply::Json(json!({"ok": false, "error": "invalid_code"})));
    let reply = vendor.finish(&vendor.begin().await, &json!({})).await;
    assert_eq!(outcome(&reply), "code_rejected", "{}", reply.text);
}

/// Twitch, "Using OIDC to get OAuth access tokens": each claim is requested by name, and `scope` comes back
/// as a list.
#[tokio::test]
async fn finding_q5_twitch_signs_people_in() {
    let mut vendor = Vendor::new("twitch", &json!({"issuer": "BASE"})).await;
    vendor.tokens =
        json!({"token_type": "bearer", "scope": ["openid", "user:read:email"], "expires_in": 14_124});
    vendor.provider.discover(&json!({
        "claims_parameter_supported": true, "code_challenge_methods_supported": null, "scopes_supported": ["openid"],
    }));
    assert_eq!(name_of(&vendor.app).await, "Twitch");
    let (attempt, reply) =
        vendor.sign_in(|claims| with(claims, "preferred_username", json!("twitchdev"))).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(attempt.query["scope"], "openid user:read:email");
    let claims: Value = serde_json::from_str(&attempt.query["claims"]).unwrap();
    assert!(claims["id_token"].as_object().unwrap().contains_key("email_verified"), "{claims}");
    assert_eq!(vendor.app.database.texts("SELECT label FROM cloakroom_identities").await, ["twitchdev"]);
}

/// Auth0: the issuer ends in a slash, and the console shows a domain without one.
#[tokio::test]
async fn finding_q5_auth0_signs_people_in() {
    let provider = ScriptedProvider::new().await;
    provider.discover(&json!({"issuer": format!("{}/", provider.base)}));
    let vendor = Vendor::at(provider, "auth0", &json!({"issuer": "BASE"})).await;
    let told = |claims: Value| {
        let issuer = format!("{}/", claims["iss"].as_str().unwrap());
        with(with(claims, "iss", json!(issuer)), "sub", json!("auth0|507f1f77bcf86cd799439011"))
    };
    let (_, reply) = vendor.sign_in(told).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}

/// Okta, "Get user information": with an access token the ID token is thin, and the profile has the rest.
#[tokio::test]
async fn finding_q5_okta_signs_people_in() {
    let vendor = Vendor::new("okta", &json!({"issuer": "BASE"})).await;
    vendor.provider.answer("/userinfo", Reply::Json(json!({
        "sub": "AbC", "name": "Mary Okta", "preferred_username": "mary@example.test", "email": "mary@example.test",
        "email_verified": true, "zoneinfo": "America/Los_Angeles", "updated_at": 1_311_280_970,
    })));
    let (_, reply) = vendor.sign_in(|claims| without(claims, "email_verified")).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_eq!(
        vendor.app.database.texts("SELECT label FROM cloakroom_identities").await,
        ["mary@example.test"]
    );
}

/// Keycloak, `realms/REALM`: the answer contains `iss`.
#[tokio::test]
async fn finding_q5_keycloak_signs_people_in() {
    let provider = ScriptedProvider::new().await;
    let issuer = format!("{}/realms/acme", provider.base);
    let document = with(provider.document(), "issuer", json!(issuer.clone()));
    let document = with(document, "authorization_response_iss_parameter_supported", json!(true));
    provider.answer("/realms/acme/.well-known/openid-configuration", Reply::Json(document));
    let vendor = Vendor::at(provider, "keycloak", &json!({"issuer": issuer.clone()})).await;
    let attempt = vendor.begin().await;
    vendor.give(&with(vendor.provider.claims(&attempt.query["nonce"]), "iss", json!(issuer.clone())));
    let reply = vendor.finish(&attempt, &json!({"iss": issuer})).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
}
