//! A step of the embedding app that waits for an answer.

use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flow::social::pause;
use crate::flow::social::{self, Arrival, Finished, Opening};
use crate::model::visitor::Visitor;
use crate::model::waiting::Need;

/// Returns the step that waits in this browser, and its question.
///
/// # Errors
/// [`Error::StateMissing`] when no step waits.
pub(crate) async fn asked(context: &Context, visitor: &Visitor) -> Result<(String, Value)> {
    let (_, waiting) = pause::waiting(context, visitor).await?;
    match waiting.need {
        Need::Input { step, asked } => Ok((step, asked)),
        _ => Err(Error::StateMissing),
    }
}

/// Passes the answer to the step, and resumes there.
///
/// # Errors
/// [`Error::StateMissing`] when that step no longer waits; any error with which the pipeline rejects it.
pub(crate) async fn answer(
    context: &Context,
    arrival: Arrival<'_>,
    step: &str,
    answer: Value,
) -> Result<Finished> {
    let (pause, waiting) = pause::waiting(context, arrival.visitor).await?;
    if !matches!(&waiting.need, Need::Input { step: asking, .. } if asking == step) {
        return Err(Error::StateMissing);
    }
    let mut run = pause::resume(context, arrival, &pause, waiting).await?;
    run.answers.insert(step.to_owned(), answer);
    let opening = Opening { ends: Some(&pause), ..Opening::default() };
    social::advance(context, arrival, run, opening).await
}
