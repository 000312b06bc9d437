//! Sends what the outbox holds: at least once, and at most once more for each time that a process dies over it.
//!
//! A mail is leased, written, sent, and only then taken out. Whoever dies in between loses the lease, and another process
//! (or this one, started again) sends it with the same Message-ID and the same token.

use std::time::Duration;

use crate::cloakroom::Cloakroom;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::jobs::letter;
use crate::mail::{self, Failure, Message};
use crate::store::LeasedMail;

/// Without the bell, the outbox is looked at this often: other processes post mails as well.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a mail belongs to a process that says nothing more…
const LEASE: Duration = Duration::from_secs(8);
/// …and how often one that is sending says so.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A mail server that takes longer than this for one mail counts as away.
const PATIENCE: Duration = Duration::from_secs(45);
/// The first wait between two tries; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait, but for the last.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The last wait: whoever has been away for minutes may be away for longer.
const LAST_WAIT: Duration = Duration::from_mins(30);
/// After so many tries a mail is given up.
const MOST_TRIES: i64 = 10;

/// Sends for as long as the cloakroom lives.
pub(crate) async fn run(upgrade: impl Fn() -> Option<Cloakroom>) {
    loop {
        let Some(cloakroom) = upgrade() else { return };
        let outbox = cloakroom.outbox().clone();
        if let Err(error) = send_what_is_due(&cloakroom).await {
            tracing::warn!(error = error.with_causes(), "the outbox cannot be read");
        }
        drop(cloakroom);
        if !outbox.wait(PERIOD).await
            && let Some(cloakroom) = upgrade()
        {
            cloakroom.transport().rest().await;
        }
    }
}

async fn send_what_is_due(cloakroom: &Cloakroom) -> Result<()> {
    let lanes = cloakroom.outbox().lanes();
    while cloakroom.store().has_mail_due(cloakroom.now()).await? {
        // One lane is waited for; the others are taken if they are free.
        let Ok(first) = lanes.clone().acquire_owned().await else { return Ok(()) };
        let mut free = vec![first];
        free.extend(std::iter::from_fn(|| lanes.clone().try_acquire_owned().ok()));
        let mut tx = cloakroom.store().begin().await?;
        let most = i64::try_from(free.len()).unwrap_or(1);
        let leased = tx.lease_mails(cloakroom.now(), LEASE, most).await?;
        tx.commit().await?;
        if leased.is_empty() {
            // Another process is taking what is due.
            return Ok(());
        }
        for (mail, lane) in leased.into_iter().zip(free) {
            let cloakroom = cloakroom.clone();
            tokio::spawn(async move {
                Box::pin(deliver(&cloakroom, &mail)).await;
                drop(lane);
                // What waited for a lane, and what may be due anew.
                cloakroom.outbox().wake();
            });
        }
    }
    Ok(())
}

/// One try, and what comes of it.
async fn deliver(cloakroom: &Cloakroom, mail: &LeasedMail) {
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(PATIENCE, attempt(cloakroom, mail)) => outcome.unwrap_or_else(|_| {
            Err(Failure { is_permanent: false, reason: "the mail server takes too long".to_owned() })
        }),
        () = lose_lease(cloakroom, mail) => return,
    };
    let told = match outcome {
        Ok(()) => "sent",
        Err(Failure { is_permanent: true, .. }) => "abandoned",
        Err(_) if mail.attempts >= MOST_TRIES => "abandoned",
        Err(_) => "retried",
    };
    metrics::counter!("cloakroom_mails_total", "outcome" => told).increment(1);
    if let Err(Failure { reason, .. }) = &outcome {
        tracing::warn!(mail = mail.id, kind = mail.kind, attempts = mail.attempts, reason, "mail {told}");
    }
    if let Err(error) = settle(cloakroom, mail, told, outcome.err().as_ref()).await {
        tracing::warn!(mail = mail.id, error = error.with_causes(), "what became of a mail was not noted");
    }
}

/// A mail that has nothing to tell any more counts as sent.
async fn attempt(cloakroom: &Cloakroom, mail: &LeasedMail) -> std::result::Result<(), Failure> {
    let later = |error: crate::Error| Failure { is_permanent: false, reason: error.with_causes() };
    let Some(letter) = letter::of(cloakroom, mail).await.map_err(later)? else { return Ok(()) };
    let rendered = mail::render(cloakroom.config(), &letter).map_err(later)?;
    let message =
        Message { id: &mail.id, to: &letter.to, created_at: mail.created_at(), rendered: &rendered };
    cloakroom.transport().send(&message).await
}

/// Says now and then that this mail is still being sent; returns when somebody else has it.
async fn lose_lease(cloakroom: &Cloakroom, mail: &LeasedMail) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let held = async {
            let mut tx = cloakroom.store().begin().await?;
            let is_held = tx.hold_mail(mail, cloakroom.now().plus(LEASE)).await?;
            tx.commit().await?;
            Ok::<_, crate::Error>(is_held)
        };
        if matches!(held.await, Ok(false)) {
            return;
        }
    }
}

async fn settle(
    cloakroom: &Cloakroom,
    mail: &LeasedMail,
    told: &str,
    failure: Option<&Failure>,
) -> Result<()> {
    let now = cloakroom.now();
    let reason = failure.map_or("", |failure| failure.reason.as_str());
    let mut tx = cloakroom.store().begin().await?;
    match told {
        "sent" => tx.end_mail(mail).await?,
        "abandoned" => tx.abandon_mail(mail, reason, now).await?,
        _ => tx.retry_mail(mail, reason, next_try(now, mail.attempts)).await?,
    }
    tx.commit().await
}

/// 5 s, then doubling to a minute; the last one comes after half an hour.
fn next_try(now: Timestamp, attempts: i64) -> Timestamp {
    if attempts + 1 >= MOST_TRIES {
        return now.plus(LAST_WAIT);
    }
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(8);
    now.plus((FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT))
}
