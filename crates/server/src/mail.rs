//! `cloakroom mail …`: mail on the command line.

mod preview;

use std::path::Path;

use cloakroom::mailing::{self, Outcome, WaitingView};
use cloakroom::{Cloakroom, Config};

use self::preview::Preview;
use crate::Failure;
use crate::cli::{MailCommand, MailFormat, Place};
use crate::user::{NO_PORT, say, to_json};

/// Runs the command.
pub(crate) async fn run(command: MailCommand) -> Result<(), Failure> {
    match command {
        MailCommand::List { place, json } => {
            let mails = place.open().await?.mailing().waiting().await?;
            if json { say(&to_json(&mails)?) } else { say(&table(&mails)) }
        }
        MailCommand::Retry { ids, all: _, place } => retry(&place.open().await?, ids).await?,
        MailCommand::Preview { list: true, .. } => say(&mailing::names().join("\n")),
        MailCommand::Preview { name: None, out, place, .. } => {
            let preview = Preview::new(&preview_config(&place)?)?;
            match out {
                Some(directory) => preview.write(&directory)?,
                None => preview.serve().await?,
            }
        }
        MailCommand::Preview { name: Some(name), locale, format, place, .. } => {
            let mail = mailing::preview(&preview_config(&place)?, &name, &locale)?;
            match format {
                MailFormat::Text => say(&format!("Subject: {}\n\n{}", mail.subject, mail.text.trim_end())),
                MailFormat::Html => say(mail.html.trim_end()),
            }
        }
        MailCommand::Test { address, place } => match place.open().await?.mailing().test(&address).await? {
            Outcome::Taken(answer) => say(&format!("The test mail is on its way to {address}: {answer}")),
            Outcome::Failed { is_permanent, reason } => {
                let prospect = if is_permanent { "refused" } else { "did not leave; it may do so later" };
                return Err(Failure::Refused(format!("the test mail to {address} {prospect}: {reason}")));
            }
        },
    }
    Ok(())
}

/// Returns the configuration of a preview, which works without an installation, with the names of `dev`.
fn preview_config(place: &Place) -> Result<Config, Failure> {
    if place.config.is_none() && place.data_dir.is_none() {
        return Ok(Config::development(Path::new("cloakroom-data"), NO_PORT)?);
    }
    place.config()
}

/// Retries mails by their ids, or without ids all mails that were given up.
async fn retry(cloakroom: &Cloakroom, mut ids: Vec<String>) -> Result<(), Failure> {
    if ids.is_empty() {
        let mails = cloakroom.mailing().waiting().await?;
        ids.extend(mails.into_iter().filter(|mail| mail.next_try_at.is_none()).map(|mail| mail.id));
    }
    cloakroom.mailing().retry(&ids).await?;
    say(&match ids.len() {
        0 => "No mail was given up.".to_owned(),
        1 => "1 mail is tried again.".to_owned(),
        many => format!("{many} mails are tried again."),
    });
    Ok(())
}

fn table(mails: &[WaitingView]) -> String {
    if mails.is_empty() {
        return "Every mail has left.".to_owned();
    }
    let width = mails.iter().map(|mail| mail.to.chars().count()).max().unwrap_or_default();
    let mut lines = vec![format!(
        "{:36}  {:22}  {:width$}  {:5}  {:24}  LAST ERROR",
        "ID", "KIND", "TO", "TRIES", "NEXT TRY"
    )];
    lines.extend(mails.iter().map(|mail| {
        let next = mail.next_try_at.map_or("given up".to_owned(), |instant| instant.to_string());
        let error = mail.last_error.as_deref().unwrap_or("-");
        format!(
            "{:36}  {:22}  {:width$}  {:5}  {next:24}  {error}",
            mail.id, mail.kind, mail.to, mail.attempts
        )
    }));
    lines.join("\n")
}
