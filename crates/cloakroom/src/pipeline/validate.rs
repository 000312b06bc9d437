//! Judges `[pipeline]`.

use crate::config::{Complaint, Pipeline, PipelineStep, Provider, TrustEmail};

/// Complains about steps that do not exist, are missing, or stand in an order that cannot work.
pub(crate) fn validate(pipeline: &Pipeline, providers: &[Provider]) -> Vec<Complaint> {
    let mut found = Vec::new();
    let named = |step: &PipelineStep| match step {
        PipelineStep::Named(name) if !super::names().any(|known| known == name) => Some(name.clone()),
        _ => None,
    };
    if let Some(name) = pipeline.steps.iter().find_map(named) {
        let known = super::names().collect::<Vec<_>>().join(", ");
        return vec![Complaint::new("pipeline.steps", format!("`{name}` is not a step; steps are {known}"))];
    }
    let place =
        |name: &str| pipeline.steps.iter().position(|step| *step == PipelineStep::Named(name.to_owned()));
    for needed in ["social_details", "social_uid", "social_user", "associate_user"] {
        if place(needed).is_none() {
            found.push(Complaint::new(
                "pipeline.steps",
                format!("`{needed}` is missing: without it nobody is found again"),
            ));
        }
    }
    for (first, then) in [
        ("social_details", "auth_allowed"),
        ("social_details", "create_user"),
        ("social_uid", "social_user"),
        ("social_user", "associate_by_verified_email"),
        ("associate_by_verified_email", "create_user"),
        ("social_user", "create_user"),
        ("create_user", "associate_user"),
    ] {
        if let (Some(one), Some(other)) = (place(first), place(then))
            && one > other
        {
            found.push(Complaint::new("pipeline.steps", format!("`{first}` must stand before `{then}`")));
        }
    }
    let joins = pipeline.steps.contains(&PipelineStep::Named("associate_by_verified_email".into()));
    for (index, provider) in providers.iter().enumerate() {
        if joins && provider.trust_email == Some(TrustEmail::Always) {
            found.push(Complaint::new(
                format!("provider.{index}.trust_email"),
                "`always` is not safe together with associate_by_verified_email: whoever claims an address at this provider would get its account",
            ));
        }
    }
    found
}
