//! The social pipeline: the steps between a provider's answer and a session.
//!
//! Names and order of the steps follow Python Social Auth and can be set in `pipeline.steps`. The facts are read once, then each step
//! decides. Nothing is written until every step has agreed; then all of it is written in one transaction. A step may pause until the
//! person has done something. The same browser then resumes at that step.

mod associate_by_verified_email;
mod associate_user;
mod auth_allowed;
mod create_user;
mod kept;
mod known;
mod load_extra_data;
mod social_details;
mod social_uid;
mod social_user;
mod step;
mod user_details;
mod validate;
mod webhook;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Config, PipelineStep};
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::model::social::{Attempt, Identity};
use crate::model::user::Account;
use crate::model::waiting::Need;
use crate::provider::Profile;
use crate::store::Store;
use known::Known;
pub use step::{Facts, Step, Verdict};
pub(crate) use validate::validate;
use webhook::Webhook;

/// The decision of a step.
pub(crate) enum Outcome {
    Continue,
    Pause(Need),
    Reject(Error),
}

/// The places from which the facts of a run are read.
#[derive(Clone, Copy)]
pub(crate) struct Resources<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a Store,
    pub(crate) clock: &'a Clock,
}

/// A pipeline under way: the facts and the decisions so far.
#[expect(clippy::struct_excessive_bools, reason = "independent decisions, one for each step that makes it")]
pub(crate) struct Run {
    pub(crate) attempt: Attempt,
    /// The provider's answer.
    pub(crate) profile: Profile,
    /// Set by `social_uid`: the profile has a subject.
    pub(crate) has_uid: bool,
    /// The proven address: the provider vouches for it, or a mail of ours has proven it.
    pub(crate) proven: Option<Email>,
    /// The account that is signed in or was proven during a pause. The steps cannot change it.
    pub(crate) given: Option<Account>,
    /// The account: `given`, or found by a step.
    pub(crate) user: Option<Account>,
    /// The identity, if it is linked already.
    pub(crate) identity: Option<Identity>,
    /// Set by `create_user`: make an account.
    pub(crate) creates: bool,
    /// Set by `associate_user`: link the identity.
    pub(crate) associates: bool,
    /// Set by `load_extra_data`: keep the provider's other claims.
    pub(crate) keeps_extra: bool,
    /// Set by `user_details`: update the label of the identity.
    pub(crate) updates_details: bool,
    /// The person's answers to the app's own steps.
    pub(crate) answers: serde_json::Map<String, serde_json::Value>,
    /// The index of the next step.
    pub(crate) position: usize,
}

/// The end of a run, final or not.
pub(crate) enum End {
    /// Every step has agreed.
    Settled(Run),
    /// A step needs the person.
    Paused(Halted),
}

/// A paused run, and the reason for the pause.
pub(crate) struct Halted {
    pub(crate) run: Run,
    pub(crate) need: Need,
}

/// A configured step: built in, of the app, or behind a webhook.
enum Stage {
    Builtin(Builtin),
    Webhook(Webhook),
    Own(Arc<dyn Step>),
}

#[derive(Clone, Copy)]
enum Builtin {
    SocialDetails,
    SocialUid,
    AuthAllowed,
    SocialUser,
    AssociateByVerifiedEmail,
    CreateUser,
    AssociateUser,
    LoadExtraData,
    UserDetails,
}

/// The built-in steps by their names in `pipeline.steps`.
const BUILTIN: [(&str, Builtin); 9] = [
    ("social_details", Builtin::SocialDetails),
    ("social_uid", Builtin::SocialUid),
    ("auth_allowed", Builtin::AuthAllowed),
    ("social_user", Builtin::SocialUser),
    ("associate_by_verified_email", Builtin::AssociateByVerifiedEmail),
    ("create_user", Builtin::CreateUser),
    ("associate_user", Builtin::AssociateUser),
    ("load_extra_data", Builtin::LoadExtraData),
    ("user_details", Builtin::UserDetails),
];

/// Returns the names of the built-in steps.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

/// The steps of an installation, in order.
pub(crate) struct Pipeline(Vec<Stage>);

impl Pipeline {
    /// Returns an empty pipeline, for the command line, where nobody signs in.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Prepares the configured steps. `own` holds the app's steps, which `{ own = "…" }` names.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown step, or a webhook that cannot be used.
    pub(crate) fn open(config: &Config, own: &[Arc<dyn Step>]) -> Result<Self> {
        let stage = |step: &PipelineStep| match step {
            PipelineStep::Webhook { webhook, secret_file } => {
                Webhook::open(webhook, secret_file).map(Stage::Webhook)
            }
            PipelineStep::Own { own: name } => own
                .iter()
                .find(|step| step.name() == name)
                .map(|step| Stage::Own(Arc::clone(step)))
                .ok_or_else(|| format!("there is no step `{name}` in this program")),
            PipelineStep::Named(name) => BUILTIN
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, builtin)| Stage::Builtin(*builtin))
                .ok_or_else(|| format!("`{name}` is not a step")),
        };
        let stages = config.pipeline.steps.iter().map(stage).collect::<std::result::Result<_, String>>();
        stages.map(Self).map_err(|complaint| config.complaint("pipeline.steps", complaint))
    }
}

/// Runs the steps from the position of `run`.
///
/// Built-in steps before that position run again, because their decisions are not kept and the facts may have changed.
/// Steps of the app and webhooks before it are not asked a second time.
///
/// # Errors
/// The error of the step that rejects the attempt.
pub(crate) async fn run(pipeline: &Pipeline, resources: Resources<'_>, mut run: Run) -> Result<End> {
    let stages = &pipeline.0;
    let stands_at = run.position;
    run.rewind(0);
    let known = Known::about(resources, &run).await?;
    while let Some(stage) = stages.get(run.position) {
        if run.position < stands_at && !matches!(stage, Stage::Builtin(_)) {
            run.position += 1;
            continue;
        }
        match stage.step(resources, &known, &mut run).await {
            Outcome::Continue => run.position += 1,
            Outcome::Pause(need) => return Ok(End::Paused(Halted { run, need })),
            Outcome::Reject(error) => return Err(error),
        }
    }
    if run.user.is_none() && !run.creates {
        // A pipeline without `create_user` is for people who have an account already.
        return Err(Error::SignupClosed);
    }
    Ok(End::Settled(run))
}

impl Stage {
    async fn step(&self, resources: Resources<'_>, known: &Known, run: &mut Run) -> Outcome {
        let config = resources.config;
        match self {
            Self::Webhook(webhook) => webhook.step(resources.clock, run).await,
            Self::Own(own) => step::ask(own.as_ref(), run).await,
            Self::Builtin(builtin) => match builtin {
                Builtin::SocialDetails => social_details::step(run),
                Builtin::SocialUid => social_uid::step(run),
                Builtin::AuthAllowed => auth_allowed::step(config, known, run),
                Builtin::SocialUser => social_user::step(config, known, run),
                Builtin::AssociateByVerifiedEmail => associate_by_verified_email::step(known, run),
                Builtin::CreateUser => create_user::step(config, known, run),
                Builtin::AssociateUser => associate_user::step(run),
                Builtin::LoadExtraData => load_extra_data::step(run),
                Builtin::UserDetails => user_details::step(run),
            },
        }
    }
}
