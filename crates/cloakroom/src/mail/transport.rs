//! The delivery of mail: over SMTP, or into the mailbox that `cloakroom dev` shows.
//!
//! Required TLS is never dropped: a server that does not offer STARTTLS gets no mail (RFC 8314, section 4.1). Lettre builds
//! messages from typed parts, so that no value can begin a header of its own.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use url::Host;

use super::smtp::Smtp;
use crate::config::{Config, MAILBOX};
use crate::error::Result;
use crate::model::email::Email;
use crate::model::message::{Message, Rendered};
use crate::store::Store;

/// The greatest length of a stored reason.
const LONGEST_REASON: usize = 300;

/// The means of delivery.
pub(crate) enum Transport {
    /// Delivery to a server.
    Smtp(Box<Relay>),
    /// Mails are kept instead of sent.
    Mailbox(Store),
}

/// A server, and the sender of the mails.
pub(crate) struct Relay {
    smtp: Smtp,
    from: Mailbox,
    /// The right side of message ids.
    host: String,
}

/// The reason why a mail did not leave.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Set when another attempt would end the same: the server refused this very mail.
    pub(crate) is_permanent: bool,
    /// The reason for the operator; it holds no secret.
    pub(crate) reason: String,
}

impl Failure {
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self { is_permanent: false, reason: reason.into() }
    }

    pub(super) fn permanent(reason: impl Into<String>) -> Self {
        Self { is_permanent: true, reason: reason.into() }
    }
}

impl Transport {
    /// Opens the transport that `mail.url` names; no connection is made yet.
    ///
    /// # Errors
    /// [`Error::Config`] when `mail` cannot be used.
    pub(crate) fn open(config: &Config, store: &Store) -> Result<Self> {
        let url = config.mail.url.expose();
        if config.mail.is_kept() {
            // This covers a `Config` filled in by hand, too: a mail that nobody receives is useless.
            return if config.development || cfg!(feature = "testing") {
                Ok(Self::Mailbox(store.clone()))
            } else {
                Err(config.complaint("mail.url", format!("{MAILBOX} is for `cloakroom dev` only")))
            };
        }
        let host = host(config);
        let smtp = Smtp::new(url, &host).map_err(|complaint| config.complaint("mail.url", complaint))?;
        let from = sender(&config.mail.from).map_err(|complaint| config.complaint("mail.from", complaint))?;
        Ok(Self::Smtp(Box::new(Relay { smtp, from, host })))
    }

    /// Sends one mail. On success, the server has accepted it.
    pub(crate) async fn send(&self, message: &Message<'_>) -> std::result::Result<(), Failure> {
        self.deliver(message).await.map(drop)
    }

    /// Sends one mail, and returns the server's answer.
    pub(crate) async fn deliver(&self, message: &Message<'_>) -> std::result::Result<String, Failure> {
        match self {
            Self::Mailbox(store) => match store.keep_mail(message).await {
                Ok(()) => Ok("kept in the mailbox".to_owned()),
                Err(error) => Err(Failure::passing(error.with_causes())),
            },
            Self::Smtp(relay) => {
                let sent = relay.send(message).await;
                sent.map_err(|failure| Failure { reason: told(&failure.reason, message), ..failure })
            }
        }
    }

    /// Takes as long as a mail, where there is nothing to send. So mails behind it cannot reveal whether it was one.
    pub(crate) async fn pretend(&self) -> std::result::Result<(), Failure> {
        match self {
            Self::Mailbox(_) => Ok(()),
            Self::Smtp(relay) => relay.smtp.pretend().await,
        }
    }

    /// Returns a random delay for the start of a mail.
    pub(crate) fn start(&self) -> Duration {
        match self {
            Self::Mailbox(_) => Duration::ZERO,
            Self::Smtp(relay) => relay.smtp.pace().start(),
        }
    }

    /// Closes the connections that are kept for the next mail, when none is due.
    pub(crate) async fn rest(&self) {
        if let Self::Smtp(relay) = self {
            relay.smtp.rest().await;
        }
    }
}

impl Relay {
    async fn send(&self, message: &Message<'_>) -> std::result::Result<String, Failure> {
        let to = recipient(message.to)
            .ok_or_else(|| Failure::permanent("the address cannot be written in a mail"))?;
        let mail = self.compose(message, to).map_err(|error| Failure::permanent(error.to_string()))?;
        self.smtp.send(mail.envelope(), &mail.formatted()).await
    }

    fn compose(
        &self,
        message: &Message<'_>,
        to: Address,
    ) -> std::result::Result<lettre::Message, lettre::error::Error> {
        let Rendered { subject, text, html } = message.rendered;
        let since_1970 = u64::try_from(message.created_at.as_millis()).unwrap_or(0);
        // Prevents out-of-office replies: RFC 3834, and the header that Exchange reads (MS-OXCMAIL, section 2.2.3.2.14).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let suppress = HeaderName::new_from_ascii_str("X-Auto-Response-Suppress");
        lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970))
            .message_id(Some(format!("<{}@{}>", message.id, self.host)))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .raw_header(HeaderValue::new(suppress, "All".to_owned()))
            .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
    }
}

/// Reads `Name <address>`, or an address alone, on one line. The name may hold commas and dots without being quoted.
///
/// # Errors
/// A complaint about anything else.
pub(super) fn sender(from: &str) -> std::result::Result<Mailbox, &'static str> {
    let (name, address) = match from.split_once('<') {
        Some((name, rest)) => (name.trim().trim_matches('"'), rest.strip_suffix('>')),
        None => ("", Some(from)),
    };
    let name = (!name.is_empty()).then(|| name.to_owned());
    let address = address.filter(|_| !from.chars().any(char::is_control)).and_then(recipient);
    let address = address.ok_or("must be an address, as in `Acme <no-reply@acme.test>`")?;
    Ok(Mailbox::new(name, address))
}

/// Returns an address as mail servers accept it, with the domain in ASCII (RFC 5891). So only a local part beyond ASCII needs a
/// server that speaks SMTPUTF8.
fn recipient(address: &str) -> Option<Address> {
    let email = Email::parse(address)?;
    let (local, _) = email.spelling().rsplit_once('@')?;
    let (_, domain) = email.canonical().rsplit_once('@')?;
    Address::new(local, domain).ok()
}

/// Returns the public URL's host without its port; an IP address as a literal (RFC 5321, section 4.1.3).
fn host(config: &Config) -> String {
    let url = url::Url::parse(config.public_url.origin()).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[IPv6:{address}]"),
        None => "localhost".to_owned(),
    }
}

/// Returns a server's answer for the log. It may quote the mail that it refuses, so tokens and codes are redacted.
fn told(reason: &str, message: &Message<'_>) -> String {
    let mut told: String =
        reason.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let text = &message.rendered.text;
    let tokens = text.split("token=").skip(1).map(|rest| {
        rest.split(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_')))
            .next()
    });
    let codes = text.lines().map(str::trim);
    let codes = codes.filter(|line| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit()));
    for secret in tokens.flatten().chain(codes).filter(|secret| !secret.is_empty()) {
        told = told.replace(secret, "[redacted]");
    }
    told.chars().take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn what_a_server_quotes_of_a_mail_is_told_without_its_secrets() {
        let text =
            "Confirm:\nhttps://app.test/verify-email#token=tOken-_123\n\n482913\n\n12 apples\n".to_owned();
        let rendered = Rendered { subject: String::new(), text, html: String::new() };
        let created_at = Timestamp::from_millis(0);
        let message = Message { id: "1", to: "ada@x.test", created_at, rendered: &rendered };
        let said = "554 5.7.1 spam:\r\nhttps://app.test/verify-email#token=tOken-_123 with 482913 in it";
        let expected =
            "554 5.7.1 spam:  https://app.test/verify-email#token=[redacted] with [redacted] in it";
        assert_eq!(told(said, &message), expected);
        assert_eq!(told("450 try in 12 minutes", &message), "450 try in 12 minutes");
        assert_eq!(told(&"\u{e4}".repeat(400), &message).chars().count(), LONGEST_REASON);
    }

    #[test]
    fn a_sender_is_a_name_and_an_address() {
        for (from, expected) in [
            ("a@x.test", "a@x.test"),
            ("Acme <a@x.test>", "Acme <a@x.test>"),
            ("\"Acme, Inc.\" <a@x.test>", "\"Acme, Inc.\" <a@x.test>"),
            ("Acme, Inc. <a@b\u{fc}cher.test>", "\"Acme, Inc.\" <a@xn--bcher-kva.test>"),
        ] {
            assert_eq!(sender(from).map(|mailbox| mailbox.to_string()).as_deref(), Ok(expected), "{from}");
        }
        for from in ["", "Acme", "Acme <a@x.test", "Acme <>", "a@x.test, b@x.test", "Acme\r\nTo: <a@x.test>"]
        {
            assert!(sender(from).is_err(), "{from}");
        }
    }
}
