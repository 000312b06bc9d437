//! The events of a social login.

use crate::error::Result;
use crate::flow::social::Arrival;
use crate::model::event::{Event, EventType};
use crate::model::user::Account;
use crate::pipeline::Run;
use crate::store::Tx;

/// Records the account and the identity that a run has made, in their transaction.
pub(super) async fn made(tx: &mut Tx, arrival: Arrival<'_>, run: &Run, account: &Account) -> Result<()> {
    let made = run.creates.then_some(EventType::SignupProven);
    let linked = (run.associates && run.identity.is_none()).then_some(EventType::IdentityLinked);
    let request = arrival.visitor.origin();
    let origin = match arrival.session {
        Some(session) => request.in_session(&session.id),
        None => request,
    };
    for event_type in made.into_iter().chain(linked) {
        let event = Event::new(event_type, arrival.occasion.asked.at).of(account);
        tx.record(event.from(origin.clone()).with("provider", &*run.attempt.provider)).await?;
    }
    Ok(())
}
