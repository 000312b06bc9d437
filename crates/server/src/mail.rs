//! `cloakroom mail …`: mail by the command line.

use std::path::Path;

use cloakroom::Config;
use cloakroom::mailing::{self, Outcome};

use crate::Failure;
use crate::cli::{MailCommand, MailFormat, Place};
use crate::user::{NO_PORT, say};

/// Does what the command says.
pub(crate) async fn run(command: MailCommand) -> Result<(), Failure> {
    match command {
        MailCommand::Preview { name: None, .. } => say(&mailing::names().join("\n")),
        MailCommand::Preview { name: Some(name), locale, format, place } => {
            let mail = mailing::preview(&preview_config(&place)?, &name, &locale)?;
            match format {
                MailFormat::Text => say(&format!("Subject: {}\n\n{}", mail.subject, mail.text.trim_end())),
                MailFormat::Html => say(mail.html.trim_end()),
            }
        }
        MailCommand::Test { address, place } => match mailing::test(&place.open().await?, &address).await? {
            Outcome::Taken(answer) => say(&format!("The test mail is on its way to {address}: {answer}")),
            Outcome::Failed { is_permanent, reason } => {
                let prospect = if is_permanent { "refused" } else { "did not leave; it may do so later" };
                return Err(Failure::Refused(format!("the test mail to {address} {prospect}: {reason}")));
            }
        },
    }
    Ok(())
}

/// A preview works without an installation, with the names of `dev`.
fn preview_config(place: &Place) -> Result<Config, Failure> {
    if place.config.is_none() && place.data_dir.is_none() {
        return Ok(Config::development(Path::new("cloakroom-data"), NO_PORT)?);
    }
    place.config()
}
