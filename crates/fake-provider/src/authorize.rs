//! The authorize endpoint: the page that lets one choose a person, and the redirect back.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Instant;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use html_escape::encode_quoted_attribute as escape;
use serde::Deserialize;
use url::Url;

use crate::grants::Grant;
use crate::people::{MOODS, Offer, chosen, offers};
use crate::{Answer, FakeProvider, Kind, Mood, Person};

/// The parameters of an authorization request, as received.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Request {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    nonce: Option<String>,
}

/// The fields of the page's form: the request again, and the choice.
#[derive(Deserialize)]
pub(crate) struct Decision {
    #[serde(flatten)]
    request: Request,
    who: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    verified: String,
}

impl Request {
    pub(crate) fn from_pairs<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        let mut request = Self::default();
        for (name, value) in pairs {
            let field = match &*name {
                "response_type" => &mut request.response_type,
                "client_id" => &mut request.client_id,
                "redirect_uri" => &mut request.redirect_uri,
                "scope" => &mut request.scope,
                "state" => &mut request.state,
                "code_challenge" => &mut request.code_challenge,
                "code_challenge_method" => &mut request.code_challenge_method,
                "nonce" => request.nonce.insert(String::new()),
                _ => continue,
            };
            *field = value.into_owned();
        }
        request
    }

    fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", &self.state),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
            ("nonce", self.nonce.as_deref().unwrap_or_default()),
        ]
    }
}

impl FakeProvider {
    /// Accepts a request only if the strictest of the real providers would.
    pub(crate) fn accept(&self, request: Request) -> Result<Request, String> {
        let is_openid = self.0.kind == Kind::Google;
        let complaint = if request.client_id != self.client_id() {
            "No app is registered with this client_id."
        } else if request.redirect_uri != self.0.redirect_uri {
            "The redirect_uri is not the one that this app registered."
        } else if request.response_type != "code" {
            "The response_type must be code."
        } else if request.state.len() < 20 {
            "The state is missing, or short enough to guess."
        } else if request.code_challenge_method != "S256" || request.code_challenge.len() != 43 {
            "PKCE is missing: code_challenge, with code_challenge_method=S256."
        } else if is_openid && request.nonce.as_ref().is_none_or(|nonce| nonce.len() < 20) {
            "The nonce is missing, or short enough to guess."
        } else if is_openid && !request.scope.split(' ').any(|scope| scope == "openid") {
            "The scope openid is missing."
        } else {
            return Ok(request);
        };
        Err(complaint.to_owned())
    }

    pub(crate) fn answer(&self, request: &Request, person: &Person, mood: Mood) -> Answer {
        let state = request.state.clone();
        if mood == Mood::Deny {
            return Answer { code: None, state, error: Some("access_denied".into()) };
        }
        let grant = Grant {
            person: person.clone(),
            mood,
            challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            scope: request.scope.clone(),
            since: Instant::now(),
        };
        Answer { code: Some(self.grants().code(grant)), state, error: None }
    }

    /// Returns the URL to which the browser is redirected, in the provider's format.
    fn way_back(&self, answer: &Answer) -> String {
        let mut url = Url::parse(&self.0.redirect_uri).expect("the redirect URI was registered");
        let mut query = url.query_pairs_mut();
        if let Some(code) = &answer.code {
            query.append_pair("code", code);
        }
        if let Some(error) = &answer.error {
            query.append_pair("error", error);
            match self.0.kind {
                Kind::GitHub => {
                    query.append_pair("error_description", "The user has denied your application access.");
                }
                Kind::Facebook => {
                    query
                        .append_pair("error_code", "200")
                        .append_pair("error_description", "Permissions error")
                        .append_pair("error_reason", "user_denied");
                }
                Kind::Google => {}
            }
        }
        query.append_pair("state", &answer.state);
        drop(query);
        if self.0.kind == Kind::Facebook {
            url.set_fragment(Some("_=_"));
        }
        url.into()
    }
}

/// Answers `GET /authorize`.
pub(crate) async fn page(State(provider): State<FakeProvider>, Query(request): Query<Request>) -> Response {
    match provider.accept(request) {
        Ok(request) => show(&provider, Html(choices(&provider, &request, ""))),
        Err(complaint) => refuse(&provider, &complaint),
    }
}

/// Answers `POST /authorize`.
pub(crate) async fn decide(State(provider): State<FakeProvider>, Form(decision): Form<Decision>) -> Response {
    let request = match provider.accept(decision.request) {
        Ok(request) => request,
        Err(complaint) => return refuse(&provider, &complaint),
    };
    let Some((person, mood)) = chosen(&decision.who, decision.email.trim(), decision.verified == "yes")
    else {
        let page = choices(&provider, &request, "Enter an email address.");
        return show(&provider, (StatusCode::UNPROCESSABLE_ENTITY, Html(page)));
    };
    let answer = provider.answer(&request, &person, mood);
    show(&provider, Redirect::to(&provider.way_back(&answer)))
}

/// Answers `GET /style.css`.
pub(crate) async fn style() -> Response {
    let css = [(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))];
    (css, include_str!("style.css")).into_response()
}

fn refuse(provider: &FakeProvider, complaint: &str) -> Response {
    let body = format!(
        "<h1>{} cannot go on</h1>\n<p class=\"error\">{}</p>",
        provider.0.kind.name(),
        escape(complaint)
    );
    show(provider, (StatusCode::BAD_REQUEST, Html(document(provider, &body))))
}

fn choices(provider: &FakeProvider, request: &Request, complaint: &str) -> String {
    let mut hidden = String::new();
    for (name, value) in request.fields() {
        let _ = writeln!(hidden, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value));
    }
    let list = |offers: &[Offer]| {
        let mut list = String::new();
        for Offer { value, title, note } in offers.iter().filter(|offer| !offer.note.is_empty()) {
            let _ = writeln!(
                list,
                "<li><button name=\"who\" value=\"{value}\"><strong>{title}</strong> <span>{note}</span></button></li>"
            );
        }
        list
    };
    let error = if complaint.is_empty() {
        String::new()
    } else {
        format!("<p class=\"error\" id=\"complaint\">{complaint}</p>")
    };
    let described = if complaint.is_empty() {
        ""
    } else {
        " aria-invalid=\"true\" aria-describedby=\"complaint\" autofocus"
    };
    let kind = provider.0.kind;
    let name = kind.name();
    let verified = if kind.vouches() {
        format!(
            "<label class=\"check\"><input type=\"checkbox\" name=\"verified\" value=\"yes\" checked> {name} has verified it</label>\n"
        )
    } else {
        format!("<p>{name} does not say whether it is verified.</p>\n")
    };
    let body = format!(
        "<p class=\"notice\">This is not {name}. It stands in for it during development.</p>\n\
         <h1>Who are you at {name}?</h1>\n\
         <form method=\"post\" action=\"authorize\">\n{hidden}<ul>\n{}</ul>\n</form>\n\
         <form method=\"post\" action=\"authorize\" novalidate>\n{hidden}\
         <h2>Somebody else</h2>\n{error}\n\
         <label for=\"email\">Email address</label>\n\
         <input type=\"email\" id=\"email\" name=\"email\" autocomplete=\"off\" spellcheck=\"false\" autocapitalize=\"none\"{described}>\n\
         {verified}\
         <button class=\"primary\" name=\"who\" value=\"other\">Continue</button>\n</form>\n\
         <form method=\"post\" action=\"authorize\">\n{hidden}<h2>What goes wrong</h2>\n<ul>\n{}</ul>\n</form>",
        list(offers(kind)),
        list(&MOODS),
    );
    document(provider, &body)
}

fn document(provider: &FakeProvider, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Pretend {}</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n\
         <body>\n<main>\n{body}\n</main>\n</body>\n</html>\n",
        provider.0.kind.name()
    )
}

/// Adds the headers to a page or a redirect. Browsers check a form's redirect against `form-action` as well, so it lists
/// the app's origin.
fn show(provider: &FakeProvider, response: impl IntoResponse) -> Response {
    let app = Url::parse(&provider.0.redirect_uri).map(|url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        app.unwrap_or_default()
    );
    let headers = [(header::CACHE_CONTROL, "no-store".to_owned()), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, response).into_response()
}
