//! Steps of the embedding app.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Need, Outcome, Run};
use crate::error::Error;
use crate::model::social::Intent;

/// What a step may know.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The provider's id in the configuration.
    pub provider: String,
    /// What the attempt is for.
    pub intent: Intent,
    /// The provider's stable name for the account there.
    pub subject: String,
    /// The address that counts as proven, if one does.
    pub email: Option<String>,
    /// The name for people, as the provider tells it.
    pub name: Option<String>,
    /// The name for links and mentions, as the provider tells it.
    pub username: Option<String>,
    /// The account, when there is one already.
    pub user_id: Option<String>,
    /// Whether no account is known yet: after `social_user` one is about to be made, unless the address turns out to have one.
    pub is_new: bool,
    /// What else the provider told, as it told it. Believe nothing of it.
    pub extra: Value,
    /// What people have answered to steps that paused.
    #[serde(skip)]
    pub answers: Map<String, Value>,
}

/// What a step decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Wait for the person: the reply's `result` is `input_required`, with this as `asked`. Once they have answered
    /// ([`crate::Paused`]), the same step is asked again, with the answer among [`Facts::answers`].
    Pause(Value),
    /// Refuse: the reply is 403 `not_allowed`.
    Reject,
}

/// A step of your own. It stands in `pipeline.steps` as `{ own = "name" }`, and is handed to `Cloakroom::with_steps`. One
/// that pauses stands between `social_user` and `create_user`; one that judges the proven address, after `create_user`.
///
/// ```
/// use cloakroom::pipeline::{Facts, Step, Verdict};
/// use std::pin::Pin;
///
/// /// Refuses whoever has no name.
/// struct RequireName;
///
/// impl Step for RequireName {
///     fn name(&self) -> &str {
///         "require_name"
///     }
///
///     fn decide<'a>(&'a self, facts: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
///         Box::pin(async move { if facts.name.is_some() { Verdict::Continue } else { Verdict::Reject } })
///     }
/// }
///
/// /// Collects one more field, before an account is made.
/// struct AskForCompany;
///
/// impl Step for AskForCompany {
///     fn name(&self) -> &str {
///         "company"
///     }
///
///     fn decide<'a>(&'a self, facts: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
///         Box::pin(async move {
///             match facts.answers.get("company").and_then(|answer| answer.as_str()) {
///                 Some(company) if !company.trim().is_empty() => Verdict::Continue, // and keep it
///                 _ if facts.is_new => Verdict::Pause(serde_json::json!({"field": "company"})),
///                 _ => Verdict::Continue,
///             }
///         })
///     }
/// }
/// ```
pub trait Step: Send + Sync {
    /// Its name in `pipeline.steps`, and of its answer.
    fn name(&self) -> &str;

    /// Decides by the facts. It may ask other machines; nothing is locked meanwhile.
    fn decide<'a>(&'a self, facts: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;
}

pub(super) fn facts(run: &Run) -> Facts {
    Facts {
        provider: run.attempt.provider.clone(),
        intent: run.attempt.intent,
        subject: run.profile.subject.clone(),
        email: run.proven.as_ref().map(|email| email.spelling().to_owned()),
        name: run.profile.name.clone(),
        username: run.profile.username.clone(),
        user_id: run.user.as_ref().map(|user| user.id.clone()),
        is_new: run.user.is_none(),
        extra: run.profile.extra.clone(),
        answers: run.answers.clone(),
    }
}

pub(super) async fn ask(step: &dyn Step, run: &Run) -> Outcome {
    match step.decide(&facts(run)).await {
        Verdict::Continue => Outcome::Continue,
        Verdict::Pause(asked) => Outcome::Pause(Need::Input { step: step.name().to_owned(), asked }),
        Verdict::Reject => Outcome::Reject(Error::NotAllowed),
    }
}
