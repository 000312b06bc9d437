//! Checks that each provider still has the issuer under which its people were linked.
//!
//! An identity is a subject of an issuer. With another `issuer` under an old id, the subjects of strangers would open existing
//! accounts.

use crate::context::Context;
use crate::error::Result;
use crate::provider::Provider;

/// Compares the issuer of each provider with the one at the previous start.
///
/// # Errors
/// [`crate::Error::Config`] when the issuer has changed, somebody is linked, and the configuration does not say
/// `same_subjects`.
pub(crate) async fn require_same(context: &Context) -> Result<()> {
    for (index, provider) in context.providers().iter().enumerate() {
        let kept = context.store().provider_issuer(provider.id()).await?;
        let (id, issuer) = (provider.id(), provider.issuer().name());
        if kept.as_deref() == Some(issuer) {
            continue;
        }
        if let Some(kept) = kept.filter(|kept| !provider.issuer().covers(kept)) {
            require_harmless(context, (index, provider), &kept).await?;
        }
        let mut tx = context.store().begin().await?;
        tx.keep_provider_issuer(id, issuer).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn require_harmless(
    context: &Context,
    (index, provider): (usize, &Provider),
    kept: &str,
) -> Result<()> {
    let (id, issuer) = (provider.id(), provider.issuer().name());
    if provider.has_same_subjects() || !context.store().has_identity_at(id).await? {
        return Ok(());
    }
    if context.config().development {
        tracing::warn!(
            provider = id,
            kept,
            issuer,
            "another issuer: people who are linked prove their account once more"
        );
        return Ok(());
    }
    let complaint = format!(
        "people are linked to `{id}` under {kept}, and its issuer is {issuer} now: the same account number may be somebody else there. If it is the same directory under another name, set same_subjects = true; otherwise give the provider a new id"
    );
    let config = context.config();
    let key = if config.provider.get(index).is_some_and(|settings| settings.issuer.is_some()) {
        format!("provider.{index}.issuer")
    } else {
        format!("provider.{index}")
    };
    Err(config.complaint(&key, complaint))
}
