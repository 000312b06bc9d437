//! Posts a mail: writes a row to the outbox, in the transaction of the change that it reports, so that neither exists without
//! the other.
//!
//! A row holds ids and no token. The content is looked up, and the token made, when the mail is written (`jobs/letter.rs`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{Asked, Kind, Locale, Recovered};
use crate::error::{Error, Result};
use crate::model::challenge::Challenge;
use crate::model::user::Account;
use crate::secret;
use crate::store::{MOST_BUSY, NewMail, Tx};

/// The greatest number of mails that leave at once.
pub(crate) const LANES: usize = MOST_BUSY + 1;

/// The circumstances of a mail, and the language of its reader.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Occasion {
    pub(crate) locale: Locale,
    pub(crate) asked: Asked,
    /// The name of the provider that the mail is about, if it is about one.
    #[serde(default)]
    pub(crate) provider: Option<String>,
    /// The linked accounts that stayed and that went when the owner recovered the account.
    #[serde(default)]
    pub(crate) recovered: Recovered,
}

impl Occasion {
    /// Returns an occasion about no provider and no recovery.
    pub(crate) fn new(locale: Locale, asked: Asked) -> Self {
        Self { locale, asked, provider: None, recovered: Recovered::default() }
    }

    /// Returns a copy of this occasion that reports a recovery.
    pub(crate) fn after(&self, recovered: Recovered) -> Self {
        Self { recovered, ..self.clone() }
    }

    /// Returns a copy of this occasion about a provider.
    pub(crate) fn about(&self, provider: &str) -> Self {
        Self { provider: Some(provider.to_owned()), ..self.clone() }
    }
}

/// Posts a mail about a challenge, to the address of that challenge.
pub(crate) async fn post_about(
    tx: &mut Tx,
    kind: Kind,
    challenge: &Challenge,
    occasion: &Occasion,
) -> Result<()> {
    let email = challenge.content.email();
    let email = email.ok_or_else(|| Error::internal("a mail about a challenge without an address"))?;
    tx.add_mail(NewMail {
        challenge: Some((&challenge.id, &challenge.nonce)),
        ..to_address(kind, email.spelling(), occasion)?
    })
    .await
}

/// Posts the code by which the owner of an account links the waiting identity.
pub(crate) async fn post_link_code(
    tx: &mut Tx,
    pause: &Challenge,
    account: &Account,
    occasion: &Occasion,
) -> Result<()> {
    tx.add_mail(NewMail {
        challenge: Some((&pause.id, &pause.nonce)),
        ..to_address(Kind::LinkCode, &account.email, occasion)?
    })
    .await
}

/// Posts a mail to an account.
pub(crate) async fn post_to(tx: &mut Tx, kind: Kind, account: &Account, occasion: &Occasion) -> Result<()> {
    tx.add_mail(NewMail { user_id: Some(&account.id), ..to_address(kind, &account.email, occasion)? }).await
}

/// Posts a last mail to the address of an account that is deleted by this transaction.
pub(crate) async fn post_last(tx: &mut Tx, kind: Kind, account: &Account, occasion: &Occasion) -> Result<()> {
    tx.add_mail(to_address(kind, &account.email, occasion)?).await
}

fn to_address<'a>(kind: Kind, recipient: &'a str, occasion: &Occasion) -> Result<NewMail<'a>> {
    Ok(NewMail {
        id: secret::new_id(occasion.asked.at),
        kind: kind.name(),
        challenge: None,
        user_id: None,
        recipient,
        occasion: serde_json::to_string(occasion).map_err(Error::internal)?,
        now: occasion.asked.at,
    })
}

/// The part that requests and the worker share: a bell, and the lanes in which mails leave.
#[derive(Clone)]
pub(crate) struct Outbox {
    bell: Arc<Notify>,
    lanes: Arc<Semaphore>,
    recipients: Arc<Mutex<Vec<String>>>,
}

/// A lane. Dropping it frees it.
pub(crate) struct Lane {
    recipient: Option<String>,
    recipients: Arc<Mutex<Vec<String>>>,
    _permit: OwnedSemaphorePermit,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { bell: Arc::default(), lanes: Arc::new(Semaphore::new(LANES)), recipients: Arc::default() }
    }

    /// Rings the bell after a commit, because a mail is there.
    pub(crate) fn wake(&self) {
        self.bell.notify_one();
    }

    /// Waits for the bell, or for `period`: other processes post mails as well. Tells whether it rang.
    pub(crate) async fn wait(&self, period: Duration) -> bool {
        tokio::time::timeout(period, self.bell.notified()).await.is_ok()
    }

    /// Waits for a free lane. Returns `None` once mails have ceased to leave.
    pub(crate) async fn lane(&self) -> Option<Lane> {
        let permit = Arc::clone(&self.lanes).acquire_owned().await.ok()?;
        Some(Lane { recipient: None, recipients: Arc::clone(&self.recipients), _permit: permit })
    }

    /// Returns the recipients whose mails are under way, while one lane is free. No recipient has two lanes: otherwise the load
    /// of the lanes would reveal whether the mails of one address are real.
    pub(crate) fn recipients(&self) -> [String; MOST_BUSY] {
        let recipients = self.recipients.lock().unwrap_or_else(PoisonError::into_inner);
        std::array::from_fn(|index| recipients.get(index).cloned().unwrap_or_default())
    }

    /// Waits, within `patience`, for mails on their way, and lets no other mail leave.
    pub(crate) async fn drain(&self, patience: Duration) {
        let all = u32::try_from(LANES).unwrap_or(u32::MAX);
        if let Ok(Ok(permits)) = tokio::time::timeout(patience, self.lanes.acquire_many(all)).await {
            permits.forget();
        }
    }
}

impl Lane {
    /// Gives the lane to a recipient.
    pub(crate) fn to(mut self, recipient: &str) -> Self {
        self.recipient = Some(recipient.to_owned());
        self.recipients.lock().unwrap_or_else(PoisonError::into_inner).push(recipient.to_owned());
        self
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(recipient) = &self.recipient {
            let mut recipients = self.recipients.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = recipients.iter().position(|busy| busy == recipient) {
                recipients.swap_remove(index);
            }
        }
    }
}
