//! The reply to an embedding app's own pipeline step that asks people for something.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::flow::social::input;
use crate::http::social::SocialReply;
use crate::http::visit::Visit;
use crate::mail::outbox::Occasion;

/// A social login that waits for an answer in this browser; 400 `state_missing` when none waits.
///
/// ```
/// # use axum::{Json, Router, response::Response, routing::post};
/// # use cloakroom::Paused;
/// # let _: Router =
/// Router::new().route(
///     "/api/company",
///     post(async |paused: Paused, Json(answer): Json<serde_json::Value>| paused.answer(answer).await),
/// );
/// ```
#[non_exhaustive]
pub struct Paused {
    visit: Visit,
    occasion: Occasion,
    step: String,
    asked: Value,
}

impl Paused {
    /// Returns the name of the step that asks.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// Returns the step's question.
    pub fn asked(&self) -> &Value {
        &self.asked
    }

    /// Answers, and resumes at the same step. The reply is that of `POST /api/social/{provider}/`, cookies included.
    pub async fn answer(self, answer: Value) -> Response {
        self.finish(answer).await.into_response()
    }

    async fn finish(self, answer: Value) -> Result<impl IntoResponse> {
        let Self { visit, occasion, step, .. } = self;
        let arrival = visit.arrival(&occasion).await?;
        let finished = input::answer(visit.context(), arrival, &step, answer).await?;
        SocialReply::of(&visit, finished)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paused {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let visit = <Visit as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let occasion = Occasion::from_request_parts(parts, state).await?;
        let (step, asked) = input::asked(visit.context(), visit.visitor()).await?;
        Ok(Self { visit, occasion, step, asked })
    }
}
