//! Mail by the command line: previews, test mails, and mails that are kept instead of sent.

use serde::Serialize;

use crate::brand::Brand;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::context::Context;
use crate::error::{Error, Invalid, Result};
use crate::mail::{self, Kind, Locale, Message};
use crate::model::device::Device;
use crate::model::email::Email;
use crate::secret;

/// A mail as its reader receives it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MailView {
    /// The mail's id, the same at each attempt.
    pub id: String,
    /// The recipient.
    pub to: String,
    /// The subject. It never holds a code or a link.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The time of the request for the mail.
    pub created_at: Timestamp,
}

/// The outcome of a test mail.
pub enum Outcome {
    /// The server accepted it, with this answer.
    Taken(String),
    /// The server did not accept it.
    Failed {
        /// Set when the server would refuse the same mail again.
        is_permanent: bool,
        /// The server's answer, or the failure that came before it.
        reason: String,
    },
}

/// A mail that has not left yet.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WaitingView {
    /// The mail's id, and its Message-ID.
    pub id: String,
    /// The kind under which it was posted: [`names`] lists the kinds.
    pub kind: String,
    /// The recipient.
    pub to: String,
    /// The state: `waiting` or `abandoned`.
    pub state: &'static str,
    /// The number of attempts so far.
    pub attempts: i64,
    /// The time of the request for the mail.
    pub created_at: Timestamp,
    /// The time of the next attempt; null when the mail is abandoned.
    pub next_try_at: Option<Timestamp>,
    /// The reason why the last attempt failed.
    pub last_error: Option<String>,
}

/// Manages the mail of a cloakroom; made by [`Cloakroom::mailing`](crate::Cloakroom::mailing).
#[derive(Clone)]
pub struct Mailing(Context);

impl Mailing {
    pub(crate) fn new(context: Context) -> Self {
        Self(context)
    }

    /// Returns every mail that has not left, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when storage does not answer.
    pub async fn waiting(&self) -> Result<Vec<WaitingView>> {
        let context = &self.0;
        let waiting = context.store().waiting_mails().await?;
        Ok(waiting
            .into_iter()
            .map(|mail| {
                let is_abandoned = mail.abandoned_at().is_some();
                WaitingView {
                    state: if is_abandoned { "abandoned" } else { "waiting" },
                    created_at: mail.created_at(),
                    next_try_at: (!is_abandoned).then(|| mail.due_at()),
                    id: mail.id,
                    kind: mail.kind,
                    to: mail.recipient,
                    attempts: mail.attempts,
                    last_error: mail.last_error,
                }
            })
            .collect())
    }

    /// Retries abandoned mails from the first attempt: all of them, or none when one of `ids` is not abandoned.
    ///
    /// # Errors
    /// [`Error::Validation`] naming the ids that do not belong to abandoned mails.
    pub async fn retry(&self, ids: &[String]) -> Result<()> {
        let context = &self.0;
        let mut tx = context.store().begin().await?;
        let mut unknown = Vec::new();
        for id in ids {
            if !tx.revive_mail(id, context.now()).await? {
                unknown.push(Invalid::new("id", "unknown", format!("{id} is not an abandoned mail")));
            }
        }
        if !unknown.is_empty() {
            return Err(Error::Validation(unknown));
        }
        tx.commit().await?;
        context.outbox().wake();
        Ok(())
    }

    /// Sends a test mail at once, without the outbox, and returns the server's answer.
    ///
    /// # Errors
    /// [`Error::Validation`] when `to` is no address.
    pub async fn test(&self, to: &str) -> Result<Outcome> {
        let context = &self.0;
        let config = context.config();
        let Some(address) = Email::parse(to) else {
            let detail = format!("`{to}` is not an email address");
            return Err(Invalid::new("email", "invalid", detail).into());
        };
        let mut letter = mail::sample(config, Kind::Test, config.app.fallback());
        address.spelling().clone_into(&mut letter.to);
        letter.asked = mail::Asked { at: context.now(), device: Device::default(), network: String::new() };
        let rendered = mail::render(config, context.brand(), &letter)?;
        let id = secret::new_id(letter.asked.at);
        let message = Message { id: &id, to: &letter.to, created_at: letter.asked.at, rendered: &rendered };
        let transport = context.transport();
        let sent = transport.deliver(&message).await;
        transport.rest().await;
        Ok(match sent {
            Ok(answer) => Outcome::Taken(answer),
            Err(mail::Failure { is_permanent, reason }) => Outcome::Failed { is_permanent, reason },
        })
    }

    /// Returns the mails that were kept instead of sent (`mail.url = "mailbox:"`, in `dev` and in tests), newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when storage does not answer.
    pub async fn kept(&self) -> Result<Vec<MailView>> {
        let context = &self.0;
        let kept = context.store().kept_mails().await?;
        Ok(kept
            .into_iter()
            .map(|mail| MailView {
                created_at: mail.created_at(),
                id: mail.id,
                to: mail.recipient,
                subject: mail.subject,
                text: mail.body_text,
                html: mail.body_html,
            })
            .collect())
    }
}

/// Returns the names of all mails.
pub fn names() -> Vec<&'static str> {
    Kind::ALL.into_iter().map(Kind::name).collect()
}

/// Returns the languages of mails, as tags (RFC 5646).
pub fn locales() -> Vec<&'static str> {
    Locale::ALL.into_iter().map(Locale::tag).collect()
}

/// Returns the mail of that name with sample data; its links open nothing.
///
/// # Errors
/// [`Error::Validation`] when there is no such mail or language, [`Error::Config`] when a file of the brand cannot be used.
pub fn preview(config: &Config, name: &str, locale: &str) -> Result<MailView> {
    let kind = Kind::named(name).ok_or_else(|| unknown("name", name, &names()))?;
    let letter = mail::sample(config, kind, self::locale(locale)?);
    let mail::Rendered { subject, text, html } = mail::render(config, &Brand::open(config)?, &letter)?;
    let created_at = letter.asked.at;
    Ok(MailView { id: secret::new_id(created_at), to: letter.to, subject, text, html, created_at })
}

/// Returns the language of that tag.
pub(crate) fn locale(tag: &str) -> Result<Locale> {
    Locale::tagged(tag).ok_or_else(|| unknown("locale", tag, &locales()))
}

fn unknown(field: &str, name: &str, known: &[&str]) -> Error {
    let detail = format!("`{name}` is not one of {}", known.join(", "));
    Invalid::new(field, "unknown", detail).into()
}
