//! The profile endpoints, which name the owner of an access token in each provider's format.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::grants::Grant;
use crate::token::facebook_error;
use crate::{FakeProvider, Kind};

impl FakeProvider {
    fn bearer(&self, headers: &HeaderMap) -> Option<Grant> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("token "))?;
        self.grants().open(token)
    }
}

/// Answers `GET /user`. Its address is the public one, which most people leave empty.
pub(crate) async fn github_user(State(provider): State<FakeProvider>, headers: HeaderMap) -> Response {
    if !headers.contains_key(header::USER_AGENT) {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let Some(Grant { person, .. }) = provider.bearer(&headers) else { return bad_credentials() };
    let number: u64 = person.number(Kind::GitHub).parse().unwrap_or_default();
    let login = person.login();
    Json(json!({
        "login": login, "id": number, "node_id": format!("U_kgDO{number}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{number}?v=4"), "gravatar_id": "",
        "url": format!("https://api.github.com/users/{login}"), "html_url": format!("https://github.com/{login}"),
        "type": "User", "user_view_type": "private", "site_admin": false, "name": person.name, "company": null,
        "blog": "", "location": null, "email": null, "hireable": null, "bio": null, "twitter_username": null,
        "public_repos": 2, "public_gists": 0, "followers": 20, "following": 0,
        "created_at": "2008-01-14T04:33:35Z", "updated_at": "2026-01-14T04:33:35Z", "two_factor_authentication": true,
        "plan": {"name": "free", "space": 976_562_499, "private_repos": 10_000, "collaborators": 0},
    }))
    .into_response()
}

/// Answers `GET /user/emails`, with 404 if the scope is missing.
pub(crate) async fn github_emails(State(provider): State<FakeProvider>, headers: HeaderMap) -> Response {
    let Some(Grant { person, scope, .. }) = provider.bearer(&headers) else { return bad_credentials() };
    let is_allowed = scope.split([' ', ',']).any(|scope| matches!(scope, "user:email" | "user"));
    let (true, Some(email)) = (is_allowed, &person.email) else {
        let body = json!({"message": "Not Found", "documentation_url": "https://docs.github.com/rest/users/emails", "status": "404"});
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    };
    let private = format!("{}+{}@users.noreply.github.com", person.number(Kind::GitHub), person.login());
    Json(json!([
        {"email": private, "primary": false, "verified": true, "visibility": null},
        {"email": email, "primary": true, "verified": person.is_verified, "visibility": "private"},
    ]))
    .into_response()
}

fn bad_credentials() -> Response {
    let body = json!({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// Answers `GET /userinfo`.
pub(crate) async fn google_userinfo(State(provider): State<FakeProvider>, headers: HeaderMap) -> Response {
    let Some(grant) = provider.bearer(&headers) else {
        let body = json!({"error": "invalid_request", "error_description": "Invalid Credentials"});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    };
    Json(google_claims(&grant)).into_response()
}

/// Returns Google's claims about a person, for the profile and the ID token.
pub(crate) fn google_claims(grant: &Grant) -> Value {
    let person = &grant.person;
    let mut names = person.name.split(' ');
    let mut claims = json!({
        "sub": person.number(Kind::Google), "name": person.name, "given_name": names.next(), "family_name": names.next_back(),
        "picture": "https://lh3.googleusercontent.com/a/default-user=s96-c",
    });
    if let Some(email) = &person.email {
        claims["email"] = email.as_str().into();
        claims["email_verified"] = person.is_verified.into();
    }
    claims
}

/// The parameters of a Graph API call.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Graph {
    fields: String,
    access_token: String,
    appsecret_proof: String,
}

/// Answers `GET /me` with only the requested fields, and an address only if there is one.
pub(crate) async fn facebook_me(
    State(provider): State<FakeProvider>,
    headers: HeaderMap,
    Query(graph): Query<Graph>,
) -> Response {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = match header.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) => token,
        None => &graph.access_token,
    };
    let Some(Grant { person, scope, .. }) = provider.grants().open(token) else {
        return facebook_error("Invalid OAuth access token - Cannot parse access token", 190);
    };
    let key = Key::new(HMAC_SHA256, provider.client_secret().as_bytes());
    let proof = sign(&key, token.as_bytes());
    let proof = proof.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    if graph.appsecret_proof != proof {
        return facebook_error("Invalid appsecret_proof provided in the API argument", 100);
    }
    let may_see_email = scope.split([' ', ',']).any(|scope| scope == "email");
    let mut reply = Map::from_iter([("id".to_owned(), person.number(Kind::Facebook).into())]);
    for field in graph.fields.split(',') {
        let value = match field {
            "name" => Some(&person.name),
            "email" if may_see_email => person.email.as_ref(),
            _ => None,
        };
        reply.extend(value.map(|value| (field.to_owned(), value.as_str().into())));
    }
    Json(Value::Object(reply)).into_response()
}
