//! The audit log: events are listed and exported. Nothing here changes one.

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, Invalid, Result};
use crate::model::email::Email;
use crate::model::event::{Event, EventFilter, EventType};
use crate::model::network::Network;

pub use crate::model::event::{Actor, EventView, NameView, PartyView};

/// The most events of one page.
pub const LONGEST_PAGE: u32 = 200;
/// The number of events in one piece of an export.
const PIECE: i64 = 1000;

/// The columns of a CSV export.
const COLUMNS: [&str; 18] = [
    "id",
    "at",
    "type",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor_label",
    "as_id",
    "as_label",
    "target_kind",
    "target_id",
    "target_label",
    "network",
    "device",
    "session_id",
    "request_id",
    "count",
    "data",
];

/// Chooses events: those that match every given field.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Filter {
    /// The types, any of which matches. One that ends in `.*` stands for all that begin so, as in `user.*`.
    pub types: Vec<String>,
    /// The actor: an id, or the address of an account.
    pub actor: Option<String>,
    /// The person or thing that the event is about: an id, or the address of an account.
    pub target: Option<String>,
    /// The id of a session.
    pub session: Option<String>,
    /// A client's address, or its network in the form that events store.
    pub network: Option<String>,
    /// The instant from which events match.
    pub since: Option<Timestamp>,
    /// The instant before which events match.
    pub until: Option<Timestamp>,
    /// The beginning of a label, a whole id, or `@` and the domain of an address.
    pub text: Option<String>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// CSV with a header (RFC 4180). Cells that a spreadsheet would evaluate get a leading `'`.
    Csv,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

/// Reads the events of a cloakroom; made by [`Cloakroom::audit`](crate::Cloakroom::audit).
#[derive(Clone)]
pub struct Audit {
    context: Context,
    actor: Actor,
}

impl Audit {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, actor: Actor::default() }
    }

    /// Names the reader, for the event that records an export.
    #[must_use]
    pub fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Returns a page of at most `limit` events, newest first: those before the event with the id `after`.
    ///
    /// # Errors
    /// [`Error::Validation`] for a type that does not exist, a limit above [`LONGEST_PAGE`], or an address without an account.
    pub async fn list(&self, filter: &Filter, after: Option<&str>, limit: u32) -> Result<Vec<EventView>> {
        if limit == 0 || limit > LONGEST_PAGE {
            let detail = format!("a page has 1 to {LONGEST_PAGE} events");
            return Err(Invalid::new("limit", "invalid", detail).into());
        }
        let filter = read(&self.context, filter).await?;
        self.context.store().events(&filter, after, i64::from(limit)).await
    }

    /// Begins an export of every event that the filter chooses and that has happened until now. The export itself is an event.
    ///
    /// # Errors
    /// As [`Audit::list`].
    pub async fn export(&self, filter: &Filter, format: Format) -> Result<Export> {
        let context = &self.context;
        let filter = read(context, filter).await?;
        let exported = Event::new(EventType::EventsExported, context.now()).by(self.actor.clone());
        let mut tx = context.store().begin().await?;
        let id = tx.record(exported.with("format", format.name())).await?;
        tx.commit().await?;
        Ok(Export { context: context.clone(), filter, format, after: id, is_begun: false, is_done: false })
    }
}

/// An export under way, read piece by piece.
pub struct Export {
    context: Context,
    filter: EventFilter,
    format: Format,
    after: String,
    is_begun: bool,
    is_done: bool,
}

impl Export {
    /// Returns the next piece of text, newest events first; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when storage does not answer.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if self.is_done {
            return Ok(None);
        }
        let events = self.context.store().events(&self.filter, Some(&self.after), PIECE).await?;
        match events.last() {
            Some(last) => last.id.clone_into(&mut self.after),
            None => self.is_done = true,
        }
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        match self.format {
            Format::Ndjson => to_lines(&events),
            Format::Csv => to_csv(&events, is_first),
        }
        .map(Some)
    }
}

fn to_lines(events: &[EventView]) -> Result<String> {
    let mut text = String::new();
    for event in events {
        text.push_str(&serde_json::to_string(event).map_err(Error::internal)?);
        text.push('\n');
    }
    Ok(text)
}

fn to_csv(events: &[EventView], with_header: bool) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_header {
        writer.write_record(COLUMNS).map_err(Error::internal)?;
    }
    for event in events {
        writer.write_record(cells(event).map(harmless)).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}

fn cells(event: &EventView) -> [String; COLUMNS.len()] {
    let EventView { actor, impersonated, target, .. } = event;
    let or_empty = |text: Option<&String>| text.cloned().unwrap_or_default();
    let (impersonated, target) = (impersonated.as_ref(), target.as_ref());
    [
        event.id.clone(),
        event.at.to_string(),
        event.event_type.clone(),
        event.outcome.clone(),
        actor.kind.clone(),
        or_empty(actor.id.as_ref()),
        or_empty(actor.label.as_ref()),
        or_empty(impersonated.map(|person| &person.id)),
        or_empty(impersonated.and_then(|person| person.label.as_ref())),
        or_empty(target.map(|target| &target.kind)),
        or_empty(target.and_then(|target| target.id.as_ref())),
        or_empty(target.and_then(|target| target.label.as_ref())),
        or_empty(event.network.as_ref()),
        or_empty(event.device.as_ref()),
        or_empty(event.session_id.as_ref()),
        or_empty(event.request_id.as_ref()),
        event.count.to_string(),
        if event.data.is_empty() {
            String::new()
        } else {
            serde_json::Value::from(event.data.clone()).to_string()
        },
    ]
}

/// Returns a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection").
fn harmless(cell: String) -> String {
    if cell.starts_with(['\'', '=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

/// Returns the names of all types of events.
pub fn types() -> impl Iterator<Item = &'static str> {
    EventType::ALL.iter().map(|event_type| event_type.name())
}

async fn read(context: &Context, filter: &Filter) -> Result<EventFilter> {
    Ok(EventFilter {
        types: of_types(&filter.types)?,
        actor: of_person(context, filter.actor.as_deref(), "actor").await?,
        target: of_person(context, filter.target.as_deref(), "target").await?,
        session: filter.session.clone(),
        networks: filter.network.as_deref().map(spellings).unwrap_or_default(),
        since: filter.since,
        until: filter.until,
        text: filter.text.clone(),
    })
}

fn of_types(wanted: &[String]) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for wanted in wanted {
        let fits = |name: &&str| match wanted.strip_suffix('*') {
            Some(beginning) if beginning.ends_with('.') => name.starts_with(beginning),
            _ => name == wanted,
        };
        let before = found.len();
        found.extend(types().filter(fits));
        if found.len() == before {
            return Err(Invalid::new("type", "unknown", format!("there is no event `{wanted}`")).into());
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Returns the given id, or the id of the account with the given address.
async fn of_person(context: &Context, given: Option<&str>, field: &str) -> Result<Option<String>> {
    let Some(given) = given else { return Ok(None) };
    let Some(email) = Email::parse(given) else { return Ok(Some(given.to_owned())) };
    let account = context.store().account_by_email(&email).await?;
    let account = account.ok_or_else(|| Invalid::new(field, "unknown", format!("{given} has no account")))?;
    Ok(Some(account.id))
}

/// Returns the forms that a client's address may have in events, under one setting of `audit.address` or another.
fn spellings(network: &str) -> Vec<String> {
    let mut spellings = vec![network.to_owned()];
    if let Ok(address) = network.parse::<std::net::IpAddr>() {
        let network = Network::from(address);
        spellings.extend([network.to_string(), network.widened(24)]);
    }
    spellings
}

/// Records that this process has opened the database. The start does not fail when the database accepts no writes at the
/// moment.
pub(crate) async fn note_start(context: &Context) {
    let noted = async {
        let started = Event::new(EventType::ServerStarted, context.now());
        let mut tx = context.store().begin().await?;
        tx.record(started.with("version", env!("CARGO_PKG_VERSION"))).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(error = error.with_causes(), "the start could not be recorded");
    }
}
