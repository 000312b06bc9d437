//! Steps that the embedding app decides.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Need, Outcome, Run};
use crate::error::Error;
use crate::model::social::Intent;

/// The facts on which a step decides.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// The provider's id in the configuration.
    pub provider: String,
    /// The purpose of the attempt.
    pub intent: Intent,
    /// The provider's stable identifier of the account there.
    pub subject: String,
    /// The proven address, if there is one.
    pub email: Option<String>,
    /// The display name at the provider.
    pub name: Option<String>,
    /// The user name at the provider.
    pub username: Option<String>,
    /// The account, if there is one already.
    pub user_id: Option<String>,
    /// Set while no account is known. After `social_user`, one is about to be made unless the address has one.
    pub is_new: bool,
    /// The provider's other claims, unchecked. Do not trust them.
    pub extra: Value,
    /// The person's answers to steps that paused.
    #[serde(skip)]
    pub answers: Map<String, Value>,
}

/// The decision of a step of your own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Continue with the next step.
    Continue,
    /// Pause until the person has answered. The reply's `result` is `input_required`, with this value as `asked`. After the
    /// answer ([`crate::Paused`]) the step decides again, with the answer in [`Facts::answers`].
    Pause(Value),
    /// Refuse the sign-in. The reply is 403 `not_allowed`.
    Reject,
}

/// A step of your own, named `{ own = "name" }` in `pipeline.steps` and handed to `Cloakroom::with_steps`.
///
/// Put a step that pauses between `social_user` and `create_user`. Put a step that checks the proven address after
/// `create_user`.
///
/// ```
/// use cloakroom::pipeline::{Facts, Step, Verdict};
/// use std::pin::Pin;
///
/// /// Refuses people without a name.
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
/// /// Asks for one more field before an account is made.
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
    /// The name in `pipeline.steps`, and the key of the answer.
    fn name(&self) -> &str;

    /// Decides on the facts. The step may call other machines; nothing is locked meanwhile.
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
