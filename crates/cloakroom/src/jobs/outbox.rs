//! Sends what the outbox holds: at least once, and at most once more for each time that a process dies over it.
//!
//! A mail is leased, written, sent, and only then taken out. Whoever dies in between loses the lease, and another process
//! (or this one, started again) sends it with the same Message-ID and the same token.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Result;
use crate::jobs::letter::{self, Said};
use crate::mail::{self, Failure, Message};
use crate::model::event::{Event, EventType, Target};
use crate::store::LeasedMail;

/// Without the bell, the outbox is looked at this often: other processes post mails as well.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a mail belongs to a process that says nothing more…
const LEASE: Duration = Duration::from_secs(8);
/// …and how often one that is sending says so.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// The time within which the content of a mail must be looked up. Sending has limits of its own (`mail/smtp/dialogue.rs`).
const PATIENCE: Duration = Duration::from_secs(45);
/// The attempts to note the outcome of a mail while storage is away. A mail that was sent must not be sent again.
const NOTES: u32 = 60;
/// Between two notes.
const NOTE_AGAIN: Duration = Duration::from_secs(1);

/// The waits between the first tries: within ten seconds, then doubling, at most a minute apart for five minutes. After them
/// 2, 5 and 10 minutes, which is when a greylist lets a mail in at the latest…
const FIRST_WAITS: [Duration; 12] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
    Duration::from_mins(1),
    Duration::from_mins(1),
    Duration::from_mins(1),
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(30),
];
/// …and then half an hour, for as long as the mail server may be away. A link that is prolonged at a try (`letter.rs`) must
/// outlive this wait and the next try.
const WAIT: Duration = Duration::from_mins(30);
/// After so many tries a mail is given up: five days (RFC 5321, section 4.5.4.1).
const MOST_TRIES: i64 = 252;

/// The outcome of one try to deliver a mail.
enum Delivery {
    /// The server has taken it, or it has nothing to tell any more.
    Sent,
    /// It failed, and is due again later.
    Retry { reason: String },
    /// It failed for good.
    Abandoned { reason: String },
}

impl Delivery {
    fn of(outcome: std::result::Result<(), Failure>, attempts: i64) -> Self {
        match outcome {
            Ok(()) => Self::Sent,
            Err(Failure { is_permanent, reason }) if is_permanent || attempts >= MOST_TRIES => {
                Self::Abandoned { reason }
            }
            Err(Failure { reason, .. }) => Self::Retry { reason },
        }
    }

    /// Returns the name in logs and metrics.
    fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Retry { .. } => "retried",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}

/// Sends for as long as the cloakroom lives.
pub(crate) async fn run(upgrade: impl Fn() -> Option<Context>) {
    loop {
        let Some(context) = upgrade() else { return };
        let outbox = context.outbox().clone();
        if let Err(error) = send_what_is_due(&context).await {
            tracing::warn!(error = error.with_causes(), "the outbox cannot be read");
        }
        drop(context);
        if !outbox.wait(PERIOD).await
            && let Some(context) = upgrade()
        {
            context.transport().rest().await;
        }
    }
}

async fn send_what_is_due(context: &Context) -> Result<()> {
    let outbox = context.outbox();
    while context.store().has_mail_due(context.now()).await? {
        let Some(lane) = outbox.lane().await else { return Ok(()) };
        let mut tx = context.store().begin().await?;
        let leased = tx.lease_mail(context.now(), LEASE, &outbox.recipients()).await?;
        if let Some(mail) = &leased {
            letter::note_request(context, &mut tx, mail).await?;
        }
        tx.commit().await?;
        // Another process is taking what is due, or it waits for its recipient's lane.
        let Some(mail) = leased else { return Ok(()) };
        let lane = lane.to(&mail.lane);
        let context = context.clone();
        tokio::spawn(async move {
            Box::pin(deliver(&context, &mail)).await;
            drop(lane);
            // What waited for a lane, and what may be due anew.
            context.outbox().wake();
        });
    }
    Ok(())
}

/// One try, and what comes of it.
async fn deliver(context: &Context, mail: &LeasedMail) {
    let outcome = tokio::select! {
        outcome = attempt(context, mail) => outcome,
        () = lose_lease(context, mail) => return,
    };
    let delivery = Delivery::of(outcome, mail.attempts);
    let told = delivery.name();
    metrics::counter!("cloakroom_mails_total", "outcome" => told).increment(1);
    if let Delivery::Retry { reason } | Delivery::Abandoned { reason } = &delivery {
        tracing::warn!(mail = mail.id, kind = mail.kind, attempts = mail.attempts, reason, "mail {told}");
    }
    for _ in 0..NOTES {
        match settle(context, mail, &delivery).await {
            Ok(()) => return,
            Err(error) => {
                let error = error.with_causes();
                tracing::warn!(mail = mail.id, error, "the outcome of a mail was not noted");
            }
        }
        tokio::time::sleep(NOTE_AGAIN).await;
    }
}

/// A mail that has nothing to tell any more counts as sent. Where an account would have made the difference, it takes as long
/// as one that is sent: the queue behind it tells nothing.
async fn attempt(context: &Context, mail: &LeasedMail) -> std::result::Result<(), Failure> {
    let later = |error: crate::Error| Failure { is_permanent: false, reason: error.with_causes() };
    let transport = context.transport();
    tokio::time::sleep(transport.start()).await;
    let said = tokio::time::timeout(PATIENCE, letter::of(context, mail)).await;
    let said =
        said.map_err(|_| Failure { is_permanent: false, reason: "storage takes too long".to_owned() })?;
    match said.map_err(later)? {
        Said::Void => {
            if mail.attempts > 1 {
                let kind = &mail.kind;
                tracing::warn!(
                    mail = mail.id,
                    kind,
                    "a mail is dropped: its link was used, replaced or has expired"
                );
            }
            Ok(())
        }
        Said::Nothing => transport.pretend().await,
        Said::Letter(letter) => {
            let rendered = mail::render(context.config(), &letter).map_err(later)?;
            let (id, to, created_at) = (&mail.id, &letter.to, mail.created_at());
            transport.send(&Message { id, to, created_at, rendered: &rendered }).await
        }
    }
}

/// Says now and then that this mail is still being sent; returns when somebody else has it.
async fn lose_lease(context: &Context, mail: &LeasedMail) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let held = async {
            let mut tx = context.store().begin().await?;
            let is_held = tx.hold_mail(mail, context.now().plus(LEASE)).await?;
            tx.commit().await?;
            Ok::<_, crate::Error>(is_held)
        };
        if matches!(held.await, Ok(false)) {
            return;
        }
    }
}

/// Notes the outcome of a try.
async fn settle(context: &Context, mail: &LeasedMail, delivery: &Delivery) -> Result<()> {
    let now = context.now();
    let mut tx = context.store().begin().await?;
    match delivery {
        Delivery::Sent => tx.end_mail(mail).await?,
        Delivery::Retry { reason } => tx.retry_mail(mail, reason, next_try(now, mail.attempts)).await?,
        Delivery::Abandoned { reason } => {
            if tx.abandon_mail(mail, reason, now).await? {
                let abandoned = Event::new(EventType::MailAbandoned, now).about(Target::mail(&mail.id));
                tx.record(abandoned.with("kind", &*mail.kind).with("attempts", mail.attempts)).await?;
            }
        }
    }
    tx.commit().await
}

fn next_try(now: Timestamp, attempts: i64) -> Timestamp {
    let before = usize::try_from(attempts - 1).unwrap_or(0);
    now.plus(FIRST_WAITS.get(before).copied().unwrap_or(WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_r16_a_mail_is_given_up_after_five_days() {
        let now = Timestamp::from_millis(0);
        let total: Duration = (1..MOST_TRIES).map(|attempts| next_try(now, attempts).since(now)).sum();
        let days = Duration::from_hours(24) * 5;
        assert!(total >= days && total < days + 2 * WAIT, "{total:?}");
    }
}
