//! Sends the mails in the outbox: at least once, and at most once more for each process that dies while sending.
//!
//! A mail is leased, written, sent, and only then removed. A process that dies in between loses the lease. Another process (or
//! this one, started again) then sends the mail with the same Message-ID and the same token.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Result;
use crate::jobs::letter::{self, Said};
use crate::mail::{self, Failure, Message};
use crate::model::event::{Event, EventType, Target};
use crate::store::LeasedMail;

/// The interval at which the outbox is checked when the bell does not ring: other processes post mails as well.
const PERIOD: Duration = Duration::from_secs(1);
/// The time after which a lease expires unless it is renewed.
const LEASE: Duration = Duration::from_secs(8);
/// The interval at which a process that is sending renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// The time within which the content of a mail must be looked up. Sending has limits of its own (`mail/smtp/dialogue.rs`).
const PATIENCE: Duration = Duration::from_secs(45);
/// The attempts to record the outcome of a mail while storage is away. A mail that was sent must not be sent again.
const NOTES: u32 = 60;
/// The time between two of these attempts.
const NOTE_AGAIN: Duration = Duration::from_secs(1);

/// The waits between the first attempts: within ten seconds, then doubling, at most a minute apart for five minutes. Then
/// follow 2, 5 and 10 minutes, by which time any greylist accepts a mail.
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
/// The wait between later attempts, for as long as the mail server may be away: half an hour. A link that is prolonged at an
/// attempt (`letter.rs`) must outlive this wait and the next attempt.
const WAIT: Duration = Duration::from_mins(30);
/// The attempts after which a mail is abandoned: five days (RFC 5321, section 4.5.4.1).
const MOST_TRIES: i64 = 252;

/// The outcome of one attempt to deliver a mail.
enum Delivery {
    /// The server has accepted it, or there is nothing left to send.
    Sent,
    /// The attempt failed, and the mail is due again later.
    Retry { reason: String },
    /// The attempt failed for good.
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

/// Sends mails for as long as the cloakroom lives.
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
        // Another process has leased the due mails, or they wait for their recipient's lane.
        let Some(mail) = leased else { return Ok(()) };
        let lane = lane.to(&mail.lane);
        let context = context.clone();
        tokio::spawn(async move {
            Box::pin(deliver(&context, &mail)).await;
            drop(lane);
            // Mails that waited for a lane, or that are due again, can be taken now.
            context.outbox().wake();
        });
    }
    Ok(())
}

/// Makes one attempt to deliver a mail, and records its outcome.
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

/// Attempts to send a mail. A mail with nothing left to say counts as sent. When only an account would make a difference, the
/// attempt takes as long as a real one. So the queue behind it reveals nothing.
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
            let rendered = mail::render(context.config(), context.brand(), &letter).map_err(later)?;
            let (id, to, created_at) = (&mail.id, &letter.to, mail.created_at());
            transport.send(&Message { id, to, created_at, rendered: &rendered }).await
        }
    }
}

/// Renews the lease of a mail while it is being sent. Returns when another process holds the lease.
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

/// Records the outcome of an attempt.
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
