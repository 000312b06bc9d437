//! Judges `[mail]`.

use url::Url;

use super::smtp::check_url;
use super::transport::sender;
use crate::config::{Complaint, ESCAPES, MAILBOX, Mail, is_here};

/// Complains about a URL or a sender by which no mail can leave. `may_keep` tells whether mails may stay in the database
/// instead.
pub(crate) fn validate(mail: &Mail, may_keep: bool) -> Vec<Complaint> {
    let mut found = Vec::new();
    let url = mail.url.expose();
    if !(may_keep && url == MAILBOX)
        && let Err(complaint) = check_url(url)
    {
        let escapes = if complaint.starts_with("cannot be read") { ESCAPES } else { "" };
        let between = if escapes.is_empty() { "" } else { "; " };
        found.push(Complaint::new("mail.url", format!("{complaint}{between}{escapes}")));
    }
    if let Err(complaint) = sender(&mail.from) {
        found.push(Complaint::new("mail.from", complaint));
    }
    found
}

/// Warns of a password that would cross a network in clear.
pub(crate) fn warnings(mail: &Mail) -> Vec<Complaint> {
    let told = "sends user and password unencrypted to another machine: use smtps:// or smtp+starttls://";
    let is_in_clear = sends_password_in_clear(mail.url.expose());
    is_in_clear.then(|| Complaint::new("mail.url", told)).into_iter().collect()
}

fn sends_password_in_clear(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_remote = url.host_str().is_some_and(|host| !is_here(host));
    url.scheme() == "smtp" && url.password().is_some() && is_remote
}
