//! The token endpoints, which exchange a code for an access token, and each provider's form of refusal.

use std::time::Duration;

use axum::Json;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::grants::{Grant, random};
use crate::{FakeProvider, Mood};

/// The delay of a slow answer. A page reports by then that it is still working, and nobody has given up yet.
const SLOW: Duration = Duration::from_millis(8500);

/// The form of RFC 6749, section 4.1.3, with PKCE.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Exchange {
    grant_type: Option<String>,
    code: String,
    redirect_uri: String,
    client_id: String,
    client_secret: String,
    code_verifier: String,
}

/// The reason why an exchange is refused.
enum No {
    Client,
    RedirectUri,
    Code,
    Broken,
}

impl FakeProvider {
    async fn exchange(&self, exchange: &Exchange) -> Result<Grant, No> {
        if exchange.client_id != self.client_id() || exchange.client_secret != self.client_secret() {
            return Err(No::Client);
        }
        // The first attempt spends the code, even if something else is wrong (RFC 9700, section 4.5.3).
        let grant = self.grants().take(&exchange.code).ok_or(No::Code)?;
        if exchange.redirect_uri != self.0.redirect_uri {
            return Err(No::RedirectUri);
        }
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, exchange.code_verifier.as_bytes()));
        let is_verifier = (43..=128).contains(&exchange.code_verifier.len());
        if !is_verifier || challenge != grant.challenge {
            return Err(No::Code);
        }
        match grant.mood {
            Mood::Broken => return Err(No::Broken),
            Mood::Slow => tokio::time::sleep(SLOW).await,
            Mood::Well | Mood::Deny => {}
        }
        Ok(grant)
    }
}

/// Answers as GitHub, which refuses with 200, and sends JSON only on request.
pub(crate) async fn github(
    State(provider): State<FakeProvider>,
    headers: HeaderMap,
    Form(exchange): Form<Exchange>,
) -> Response {
    let reply = match provider.exchange(&exchange).await {
        Ok(grant) => {
            let scope = grant.scope.replace(' ', ",");
            let token = provider.grants().token("gho_", grant);
            json!({"access_token": token, "token_type": "bearer", "scope": scope})
        }
        Err(No::Client) => github_error(
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        ),
        Err(No::RedirectUri) => github_error(
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL for this application.",
        ),
        Err(No::Code) => github_error("bad_verification_code", "The code passed is incorrect or expired."),
        Err(No::Broken) => return broken("Unicorn! · GitHub"),
    };
    let is_json_asked = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    if is_json_asked {
        return Json(reply).into_response();
    }
    let fields = reply.as_object().into_iter().flatten();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.filter_map(|(name, value)| Some((name, value.as_str()?))))
        .finish();
    ([(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")], form).into_response()
}

fn github_error(code: &str, description: &str) -> Value {
    let uri = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors";
    json!({"error": code, "error_description": description, "error_uri": uri})
}

/// Answers as Google, which takes the client's secret in the form or in the header. It returns an ID token with the access
/// token.
pub(crate) async fn google(
    State(provider): State<FakeProvider>,
    headers: HeaderMap,
    Form(mut exchange): Form<Exchange>,
) -> Response {
    if let Some((id, secret)) = basic(&headers) {
        (exchange.client_id, exchange.client_secret) = (id, secret);
    }
    if exchange.grant_type.as_deref() != Some("authorization_code") {
        return bad(&json!({"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}));
    }
    match provider.exchange(&exchange).await {
        Ok(grant) => {
            let id_token = provider.id_token(&grant);
            let scope = grant.scope.clone();
            let token = provider.grants().token("ya29.", grant);
            Json(json!({
                "access_token": token, "expires_in": 3599, "scope": scope, "token_type": "Bearer", "id_token": id_token,
            }))
            .into_response()
        }
        Err(No::Client) => {
            let body = json!({"error": "invalid_client", "error_description": "Unauthorized"});
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
        Err(No::RedirectUri) => {
            bad(&json!({"error": "redirect_uri_mismatch", "error_description": "Bad Request"}))
        }
        Err(No::Code) => bad(&json!({"error": "invalid_grant", "error_description": "Bad Request"})),
        Err(No::Broken) => broken("Error 502 (Server Error)!!1"),
    }
}

/// Answers an exchange by GET, as in Facebook's documentation.
pub(crate) async fn facebook_by_query(
    provider: State<FakeProvider>,
    Query(exchange): Query<Exchange>,
) -> Response {
    facebook(provider, Form(exchange)).await
}

/// Answers as Facebook, which refuses with an object.
pub(crate) async fn facebook(
    State(provider): State<FakeProvider>,
    Form(exchange): Form<Exchange>,
) -> Response {
    match provider.exchange(&exchange).await {
        Ok(grant) => {
            let token = provider.grants().token("EAAB", grant);
            Json(json!({"access_token": token, "token_type": "bearer", "expires_in": 5_183_944}))
                .into_response()
        }
        Err(No::Client) => facebook_error("Error validating client secret.", 1),
        Err(No::RedirectUri) => facebook_error(
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
            100,
        ),
        Err(No::Code) => facebook_error("This authorization code has been used.", 100),
        Err(No::Broken) => broken("Sorry, something went wrong."),
    }
}

/// Builds a 400 in the Graph API's format.
pub(crate) fn facebook_error(message: &str, code: u16) -> Response {
    bad(
        &json!({"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": random()}}),
    )
}

fn bad(body: &Value) -> Response {
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn broken(title: &str) -> Response {
    let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>");
    (StatusCode::BAD_GATEWAY, Html(page)).into_response()
}

/// Reads `client_secret_basic` (RFC 6749, section 2.3.1), in which both parts are form-encoded first.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        let pair = format!("x={part}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}
