//! Recovery: the ways to sign in that stay with an account whose owner takes it back.
//!
//! An intruder in the account may have linked a provider's account of their own. An undo and a reset keep only the identities
//! that such an intruder cannot have added, unless the owner chooses otherwise.

use std::time::Duration;

use crate::config::TrustEmail;
use crate::context::Context;
use crate::error::Result;
use crate::mail::Recovered;
use crate::model::email::Email;
use crate::model::event::{self, Actor, Event, EventType};
use crate::model::social::{Identity, Origin};
use crate::model::user::Account;
use crate::store::Tx;

/// The age beyond which a linked identity stays.
const LONG_LINKED: Duration = Duration::from_hours(30 * 24);
/// The longest time from the making of an account to the link of its first identity. Earlier versions did not store which
/// identity that was.
const MADE_TOGETHER: Duration = Duration::from_secs(10);
/// The longest label that a mail repeats, in characters.
const LONGEST_LABEL: usize = 64;

/// Tells whether an identity stays when the owner of the account's address takes the account back.
///
/// It stays if the account was made with it and its address was proven then. It stays if its provider vouches for the account's
/// address, or if it was linked more than 30 days ago.
pub(crate) fn keeps(context: &Context, account: &Account, identity: &Identity) -> bool {
    let was_made_with_it = if let Some(origin) = identity.origin {
        origin == Origin::Account
    } else {
        let is_together = identity.linked_at.since(account.date_joined) < MADE_TOGETHER;
        is_together && !trusts_claims(context, &identity.provider)
    };
    let own = Email::parse(&account.email);
    let is_vouched = own
        .is_some_and(|own| identity.vouched_email.as_deref().is_some_and(|email| email == own.canonical()));
    was_made_with_it || is_vouched || context.now().since(identity.linked_at) > LONG_LINKED
}

/// Tells whether an address counts as proven because this provider asserts it.
fn trusts_claims(context: &Context, provider: &str) -> bool {
    let settings = context.config().provider.iter().find(|settings| settings.id == provider);
    settings.is_none_or(|settings| settings.trust_email == Some(TrustEmail::Always))
}

/// An owner who takes an account back.
pub(crate) struct Owner<'a> {
    /// The locked account, with the address that was proven.
    pub(crate) account: &'a Account,
    /// The ids of the identities that stay, when the owner has chosen.
    pub(crate) chosen: Option<&'a [String]>,
    pub(crate) origin: event::Origin,
}

/// Unlinks the identities that do not stay: by the rule, or all but those that the owner has chosen. Returns which stayed and
/// which went, for the mail.
pub(crate) async fn unlink_the_rest(
    context: &Context,
    tx: &mut Tx,
    Owner { account, chosen, origin }: Owner<'_>,
) -> Result<Recovered> {
    let mut recovered = Recovered::default();
    for identity in tx.identities_of(&account.id).await? {
        let stays = match chosen {
            Some(chosen) => chosen.contains(&identity.id),
            None => keeps(context, account, &identity),
        };
        let named = in_words(context, &identity);
        if stays {
            recovered.kept.push(named);
        } else {
            tx.delete_identity(&identity.id).await?;
            let unlinked = Event::new(EventType::IdentityUnlinked, context.now()).by(Actor::browser());
            let unlinked = unlinked.about(account).from(origin.clone()).with("reason", "recovery");
            tx.record(unlinked.with("provider", &*identity.provider)).await?;
            recovered.unlinked.push(named);
        }
    }
    Ok(recovered)
}

/// Returns the provider's name and, where it cannot be a message of its own, the label. An intruder chooses the label of their
/// account at the provider, and mail programs make links of text that looks like one.
fn in_words(context: &Context, identity: &Identity) -> String {
    let name = context.config().provider_name(&identity.provider);
    let is_plain = |character: char| character.is_alphanumeric() || "._+-@".contains(character);
    let label = &identity.label;
    if label.chars().count() <= LONGEST_LABEL && label.chars().all(is_plain) {
        format!("{name} ({label})")
    } else {
        name.to_owned()
    }
}
