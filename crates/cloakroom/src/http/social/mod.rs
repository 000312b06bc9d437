//! `POST /api/social/{provider}/start/` and `POST /api/social/{provider}/`

pub(super) mod callback;
pub(super) mod email;
pub(super) mod identities;
pub(crate) mod input;
pub(super) mod link;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Invalid, Result};
use crate::flow::sign_in::{Pending, SignIn, SignedIn};
use crate::flow::social::{self, Answer, Finished, Wish};
use crate::http::cookies::SetCookies;
use crate::http::extract::Segment;
use crate::http::json::{self, Json};
use crate::http::rejection::{self, Rejection};
use crate::http::visit::Visit;
use crate::http::wire::{ProviderView, SignInState};
use crate::mail::outbox::Occasion;
use crate::model::social::Intent;
use crate::model::user::User;

/// The wish with which somebody goes to a provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Start {
    /// `login` when nothing is said.
    #[serde(default)]
    intent: Intent,
    /// A path of this site, to go to afterwards.
    #[serde(default = "root")]
    return_to: String,
}

fn root() -> String {
    "/".to_owned()
}

/// The page to send the browser to.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Started {
    /// The provider's authorize URL.
    url: String,
}

/// The provider's answer, as the query or as JSON.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ProviderAnswer {
    /// The authorization code.
    code: Option<String>,
    /// The attempt.
    state: Option<String>,
    /// The issuer that the answer names (RFC 9207).
    iss: Option<String>,
    /// The provider's error code (RFC 6749, section 4.1.2.1).
    error: Option<String>,
    /// Apple's facts about the person, sent once: JSON with `name`. Other providers send none.
    user: Option<String>,
}

/// A social login that came to something, or waits for the person.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SocialReply {
    /// `success` when it is done; otherwise what the person must do first.
    detail: &'static str,
    /// The outcome: `signed_in`, `signed_up`, `linked`, or what the person must do first.
    result: SignInState,
    /// The path that the person wanted to go to.
    return_to: String,
    /// Whose way it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<ProviderView>,
    /// The user who is signed in now.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    /// With `link_required` the account's address; with `email_required` what the provider tells, unproven.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// With `input_required` the step that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    /// With `input_required` what it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<serde_json::Value>,
}

/// The `detail` with `link_required`.
const PROVE_ACCOUNT: &str = "Nobody is signed in yet: prove that the existing account is yours.";
/// The `detail` with `email_required`.
const TELL_ADDRESS: &str = "Nobody is signed in yet: enter an email address and prove it.";
/// The `detail` with `input_required`.
const ANSWER_STEP: &str = "Nobody is signed in yet: answer what the app asks.";

impl SocialReply {
    /// # Errors
    /// The reason of a refusal.
    pub(in crate::http) fn of(
        visit: &Visit,
        Finished { outcome, attempt }: Finished,
    ) -> Result<(Option<SetCookies>, Json<Self>)> {
        let pending = match outcome {
            SignIn::Done(SignedIn { ticket, user, effect }) => {
                let cookies = SetCookies::signed_in(visit, &ticket);
                let bare = Self::bare(effect.into(), attempt.return_to);
                return Ok((Some(cookies), Json(Self { user: Some(user), ..bare })));
            }
            SignIn::Needs(pending) => pending,
            SignIn::Refused(reason) => return Err(reason.into()),
        };
        let result = SignInState::from(&pending);
        let (detail, email, input) = match pending {
            Pending::Link { email } => (PROVE_ACCOUNT, email, None),
            Pending::Email { email } => (TELL_ADDRESS, email, None),
            Pending::Input { email, step, asked } => (ANSWER_STEP, email, Some((step, asked))),
        };
        let (step, asked) = input.unzip();
        let mut providers = visit.context().config().provider.iter();
        let provider = providers.find(|known| known.id == attempt.provider).map(ProviderView::from);
        let bare = Self { detail, ..Self::bare(result, attempt.return_to) };
        Ok((None, Json(Self { provider, email, step, asked, ..bare })))
    }

    fn bare(result: SignInState, return_to: String) -> Self {
        Self {
            detail: "success",
            result,
            return_to,
            provider: None,
            user: None,
            email: None,
            step: None,
            asked: None,
        }
    }
}

/// Go to a provider
///
/// Begins an attempt: single use, for ten minutes, in this browser. The intents `link` and `reauthenticate` need a session, and
/// `link` a recent proof of identity. For `reauthenticate` an OpenID provider is asked to prove the person anew (`max_age=0`; a
/// time that it tells is checked), and so is Facebook; GitHub knows no such thing.
#[utoipa::path(
    post,
    path = "/api/social/{provider}/start/",
    tag = "social",
    request_body = Start,
    params(("provider" = String, Path, description = "The provider's id")),
    responses(
        (status = 200, body = Started),
        (status = 403, description = "reauthentication_required"),
        (status = 404, description = "not_found"),
        (status = 429, description = "rate_limited"),
        (status = 502, description = "provider_unreachable"),
    ),
)]
pub(in crate::http) async fn start(
    visit: Visit,
    Segment(provider): Segment,
    Json(start): Json<Start>,
) -> rejection::Result<Json<Started>> {
    let wish = Wish {
        provider: &provider,
        intent: start.intent,
        return_to: &start.return_to,
        browser: visit.require_browser()?,
    };
    let url = social::start(visit.context(), visit.visitor(), visit.session().await?, wish).await?;
    Ok(Json(Started { url }))
}

/// Go to a provider by a plain link
///
/// For `<a href>` and for pages without a script: begins a sign-in as `POST` does, with its limits, and sends the browser on. It
/// also sets the browser cookie where there is none. A link on another site is refused (`csrf_failed`).
#[utoipa::path(
    get,
    path = "/api/social/{provider}/start/",
    tag = "social",
    params(
        ("provider" = String, Path, description = "The provider's id"),
        ("return_to" = Option<String>, Query, description = "A path of this site, to go to afterwards"),
    ),
    responses(
        (status = 302, description = "To the provider", headers(("Location" = String, description = "The provider's authorize URL"))),
        (status = 403, description = "csrf_failed"),
        (status = 404, description = "not_found"),
        (status = 422, description = "validation_failed"),
        (status = 429, description = "rate_limited"),
        (status = 502, description = "provider_unreachable"),
    ),
)]
pub(in crate::http) async fn start_by_link(
    visit: Visit,
    Segment(provider): Segment,
    method: Method,
    uri: Uri,
) -> rejection::Result<(Option<SetCookies>, Response)> {
    // A HEAD request begins no attempt.
    if method != Method::GET {
        return Err(Rejection::MethodNotAllowed);
    }
    let return_to = return_to(uri.query().unwrap_or_default())?;
    let browser = match visit.new_browser() {
        Some(new) => new,
        None => visit.require_browser()?,
    };
    let wish = Wish { provider: &provider, intent: Intent::Login, return_to: &return_to, browser };
    let visitor = visit.visitor();
    let url = social::start(visit.context(), visitor, visit.session().await?, wish).await?;
    // The token of a session does not change.
    let cookies = visit.new_browser().map(|_| SetCookies::csrf(&visit, visitor.session.is_none()));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let location = HeaderValue::try_from(url).map_err(Error::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok((cookies, response))
}

/// Reads the `return_to` of a link. A parameter that a link cannot carry is refused and not ignored: it would be taken for a
/// sign-in.
fn return_to(query: &str) -> Result<String> {
    let mut found = None;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "return_to" if found.is_some() => {
                return Err(
                    Invalid::new("return_to", "invalid", "`return_to` appears more than once.").into()
                );
            }
            "return_to" => found = Some(value.into_owned()),
            "intent" if value != "login" => {
                let detail = "A link can start only `login`. Use POST for the others.";
                return Err(Invalid::new("intent", "invalid", detail).into());
            }
            _ => {}
        }
    }
    Ok(found.unwrap_or_else(root))
}

/// Come back from a provider
///
/// `code` and `state` as the query or as JSON.
#[utoipa::path(
    post,
    path = "/api/social/{provider}/",
    tag = "social",
    request_body(content = Option<ProviderAnswer>),
    params(
        ("provider" = String, Path, description = "The provider's id"),
        ("code" = Option<String>, Query, description = "The authorization code"),
        ("state" = Option<String>, Query, description = "The attempt"),
        ("iss" = Option<String>, Query, description = "The issuer that the answer names (RFC 9207)"),
        ("error" = Option<String>, Query, description = "The provider's error code"),
        ("user" = Option<String>, Query, description = "Apple's facts about the person, sent once: JSON with `name`"),
    ),
    responses(
        (status = 200, body = SocialReply),
        (status = 400, description = "state_missing, state_mismatch, code_rejected, provider_denied"),
        (status = 403, description = "signup_closed, not_allowed, account_inactive"),
        (status = 404, description = "not_found"),
        (status = 409, description = "identity_taken, other_user_signed_in"),
        (status = 502, description = "provider_unreachable"),
    ),
)]
pub(in crate::http) async fn finish(
    visit: Visit,
    occasion: Occasion,
    Segment(provider): Segment,
    answer: ProviderAnswer,
) -> Result<(Option<SetCookies>, Json<SocialReply>)> {
    let answer = Answer {
        provider: &provider,
        code: answer.code.as_deref(),
        state: answer.state.as_deref(),
        iss: answer.iss.as_deref(),
        error: answer.error.as_deref(),
        user: answer.user.as_deref(),
    };
    let finished = social::finish(visit.context(), visit.arrival(&occasion).await?, answer).await?;
    SocialReply::of(&visit, finished)
}

impl ProviderAnswer {
    fn is_empty(&self) -> bool {
        self.code.is_none()
            && self.state.is_none()
            && self.iss.is_none()
            && self.error.is_none()
            && self.user.is_none()
    }
}

impl<S: Send + Sync> FromRequest<S> for ProviderAnswer {
    type Rejection = Rejection;

    async fn from_request(request: Request, _state: &S) -> rejection::Result<Self> {
        let query = of_query(request.uri().query().unwrap_or_default())?;
        // A client that always sends a body sends an empty object beside the query.
        Ok(json::optional(request).await?.filter(|answer: &Self| !answer.is_empty()).unwrap_or(query))
    }
}

/// Reads an answer from the query. Further parameters of the provider are ignored. A parameter that appears twice makes the
/// answer invalid.
fn of_query(query: &str) -> Result<ProviderAnswer> {
    let mut answer = ProviderAnswer::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let field = match &*name {
            "code" => &mut answer.code,
            "state" => &mut answer.state,
            "iss" => &mut answer.iss,
            "error" => &mut answer.error,
            "user" => &mut answer.user,
            _ => continue,
        };
        if field.replace(value.into_owned()).is_some() {
            let detail = format!("`{name}` appears more than once.");
            return Err(Invalid::new(&name, "invalid", detail).into());
        }
    }
    Ok(answer)
}
