//! `cloakroom audit …`: the events, each with its actor.

use std::io::{self, Write as _};

use cloakroom::audit::{Actor, EventView, Filter, Format, PartyView};

use crate::Failure;
use crate::cli::{AuditCommand, AuditFilter, AuditFormat};
use crate::user::{say, to_json};

/// Runs the command.
pub(crate) async fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::List { filter, limit, after, json, place } => {
            let events =
                place.open().await?.audit().list(&filter.into(), after.as_deref(), u32::from(limit)).await?;
            let is_full = events.len() == usize::from(limit);
            if json { say(&to_json(&events)?) } else { say(&table(&events, is_full)) }
        }
        AuditCommand::Export { filter, format, place } => {
            let format = match format {
                AuditFormat::Ndjson => Format::Ndjson,
                AuditFormat::Csv => Format::Csv,
            };
            let audit = place.open().await?.audit().by(actor());
            let mut export = audit.export(&filter.into(), format).await?;
            let mut out = io::stdout().lock();
            while let Some(piece) = export.next().await? {
                match out.write_all(piece.as_bytes()) {
                    // A reader that closes the pipe early (`| head`) is not a failure.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    written => written?,
                }
            }
        }
    }
    Ok(())
}

/// Returns the user of the command line as an actor, by the name of the system's user.
pub(crate) fn actor() -> Actor {
    Actor::cli(&whoami::username().unwrap_or_else(|_| "unknown".to_owned()))
}

impl From<AuditFilter> for Filter {
    fn from(given: AuditFilter) -> Self {
        let mut filter = Self::default();
        filter.types = given.r#type;
        filter.actor = given.actor;
        filter.target = given.target;
        filter.session = given.session;
        filter.network = given.network;
        filter.since = given.since;
        filter.until = given.until;
        filter.text = given.q;
        filter
    }
}

fn table(events: &[EventView], is_full: bool) -> String {
    let Some(last) = events.last() else { return "Nothing was recorded that fits.".to_owned() };
    let rows: Vec<[String; 5]> = events.iter().map(row).collect();
    let header = ["AT", "TYPE", "ACTOR", "TARGET", "NETWORK"].map(str::to_owned);
    let all = || std::iter::once(&header).chain(&rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let [at, event, actor, target] = [0, 1, 2, 3].map(width);
    let mut lines: Vec<String> = all()
        .map(|[a, b, c, d, e]| format!("{a:at$}  {b:event$}  {c:actor$}  {d:target$}  {e}"))
        .map(|line| line.trim_end().to_owned())
        .collect();
    if is_full {
        lines.push(format!("There may be more: --after {}", last.id));
    }
    lines.join("\n")
}

fn row(event: &EventView) -> [String; 5] {
    let times = if event.count > 1 { format!(" ({}x)", event.count) } else { String::new() };
    let actor = match &event.impersonated {
        Some(person) => {
            format!("{} as {}", name(&event.actor), person.label.as_ref().unwrap_or(&person.id))
        }
        None => name(&event.actor),
    };
    [
        event.at.to_string(),
        format!("{}{times}", event.event_type),
        actor,
        event.target.as_ref().map(name).unwrap_or_default(),
        event.network.clone().unwrap_or_default(),
    ]
}

fn name(party: &PartyView) -> String {
    let named = party.label.as_ref().or(party.id.as_ref());
    match (party.kind.as_str(), named) {
        ("user", Some(name)) => name.clone(),
        (kind, Some(name)) => format!("{kind} {name}"),
        (kind, None) => kind.to_owned(),
    }
}
