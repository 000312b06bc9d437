//! The table `cloakroom_events`: an event is written in the transaction of the change that it records.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::config::AddressDetail;
use crate::error::Result;
use crate::model::device::Device;
use crate::model::event::{Event, EventFilter, EventView, NameView, PartyView};
use crate::model::network::Network;
use crate::secret;
use crate::store::db::query;
use crate::store::{Store, Tx};

/// Numbers the events of one millisecond. So ids follow the order in which a process records events, over all its transactions.
#[derive(Clone, Default)]
pub(super) struct Numbers(Arc<Mutex<Option<(Timestamp, u16)>>>);

impl Numbers {
    fn next(&self, at: Timestamp) -> u16 {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match *last {
            Some((then, number)) if then == at => number.saturating_add(1),
            _ => 0,
        };
        *last = Some((at, number));
        number
    }
}

/// The events of a transaction. Once it has been committed, they are reported to the log, the metrics and the hooks.
pub(super) struct Recorded {
    address: AddressDetail,
    numbers: Numbers,
    events: Vec<Event>,
    bell: watch::Sender<()>,
}

impl Recorded {
    pub(super) fn new(address: AddressDetail, numbers: Numbers, bell: watch::Sender<()>) -> Self {
        Self { address, numbers, events: Vec::new(), bell }
    }

    pub(super) fn announce(self) {
        if !self.events.is_empty() {
            self.bell.send_replace(());
        }
        for event in self.events {
            let (name, outcome) = (event.kind.name(), event.kind.outcome().as_str());
            metrics::counter!("cloakroom_events_total", "type" => name, "outcome" => outcome).increment(1);
            let user = event.target.as_ref().filter(|target| target.kind == "user").map(|target| &*target.id);
            let provider = event.data.get("provider").and_then(Value::as_str);
            let actor = (event.actor.id.as_deref() != user || user.is_none()).then_some(event.actor.kind);
            let count = (event.count > 1).then_some(event.count);
            tracing::info!(event = name, user, provider, actor, count, "{}", event.kind.words());
        }
    }
}

impl Tx {
    /// Writes an event of a change in this transaction: both are committed, or neither. Returns its id.
    pub(crate) async fn record(&mut self, event: Event) -> Result<String> {
        let id = secret::new_id_at(event.at, self.recorded.numbers.next(event.at));
        let origin = &event.origin;
        let network = origin.network.and_then(|network| kept(network, self.recorded.address));
        let device = (origin.device != Device::default()).then(|| origin.device.to_string());
        let target = event.target.as_ref();
        let data = if event.data.is_empty() { None } else { serde_json::to_string(&event.data).ok() };
        query(
            "INSERT INTO cloakroom_events
                 (id, at, type, outcome, actor_kind, actor_id, actor_label, target_kind, target_id, target_label,
                  network, device, session_id, request_id, count, data)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(&*id)
        .bind(event.at)
        .bind(event.kind.name())
        .bind(event.kind.outcome().as_str())
        .bind(event.actor.kind)
        .bind(event.actor.id.clone())
        .bind(event.actor.label.clone())
        .bind(target.map(|target| target.kind.to_owned()))
        .bind(target.map(|target| target.id.clone()))
        .bind(target.and_then(|target| target.label.clone()))
        .bind(network)
        .bind(device)
        .bind(origin.session_id.clone())
        .bind(origin.request_id.as_ref().map(|id| id.as_str().to_owned()))
        .bind(event.count)
        .bind(data)
        .execute(&mut *self)
        .await?;
        self.recorded.events.push(event);
        Ok(id)
    }

    /// Blanks the data of a deleted person in events, except the id: labels, networks, and addresses among the data. Call it
    /// after the account was deleted: events that are recorded from then on have no label.
    pub(crate) async fn blank_events_of(&mut self, user_id: &str) -> Result<()> {
        query(
            "UPDATE cloakroom_events SET target_label = NULL,
                 actor_label = CASE WHEN actor_id = $1 THEN NULL ELSE actor_label END,
                 network = CASE WHEN actor_id = $1 OR actor_kind = 'browser' THEN NULL ELSE network END,
                 data = CASE WHEN data LIKE '%@%' THEN NULL ELSE data END
             WHERE target_id = $1",
        )
        .bind(user_id)
        .execute(&mut *self)
        .await?;
        query(
            "UPDATE cloakroom_events SET actor_label = NULL, network = NULL
             WHERE actor_id = $1 AND actor_id IS DISTINCT FROM target_id",
        )
        .bind(user_id)
        .execute(&mut *self)
        .await?;
        query("UPDATE cloakroom_events SET as_label = NULL WHERE as_id = $1")
            .bind(user_id)
            .execute(self)
            .await?;
        Ok(())
    }
}

/// Returns the part of the network that is kept.
fn kept(network: Network, address: AddressDetail) -> Option<String> {
    match (network, address) {
        (Network::Unknown, _) | (_, AddressDetail::None) => None,
        (_, AddressDetail::Full) => Some(network.to_string()),
        (_, AddressDetail::Network) => Some(network.widened(24)),
    }
}

/// A row of `cloakroom_events`.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    at: i64,
    #[sqlx(rename = "type")]
    event_type: String,
    outcome: String,
    actor_kind: String,
    actor_id: Option<String>,
    actor_label: Option<String>,
    as_id: Option<String>,
    as_label: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    target_label: Option<String>,
    network: Option<String>,
    device: Option<String>,
    session_id: Option<String>,
    request_id: Option<String>,
    count: i64,
    data: Option<String>,
}

impl From<Row> for EventView {
    fn from(row: Row) -> Self {
        let (target_id, target_label) = (row.target_id, row.target_label);
        let target = row.target_kind.map(|kind| PartyView { kind, id: target_id, label: target_label });
        Self {
            id: row.id,
            at: Timestamp::from_millis(row.at),
            event_type: row.event_type,
            outcome: row.outcome,
            actor: PartyView { kind: row.actor_kind, id: row.actor_id, label: row.actor_label },
            impersonated: row.as_id.map(|id| NameView { id, label: row.as_label }),
            target,
            network: row.network,
            device: row.device,
            session_id: row.session_id,
            request_id: row.request_id,
            count: row.count,
            data: row.data.and_then(|data| serde_json::from_str(&data).ok()).unwrap_or_default(),
        }
    }
}

/// Makes a query for a page, newest first, that reads one index: `$1` is the value to look up there. The other conditions are
/// ignored when their value is null.
macro_rules! page {
    ($looked_up:literal) => {
        concat!(
            "SELECT id, at, type, outcome, actor_kind, actor_id, actor_label, as_id, as_label,
                    target_kind, target_id, target_label, network, device, session_id, request_id, count, data
             FROM cloakroom_events
             WHERE ",
            $looked_up,
            " AND id < $2 AND id >= $3
               AND ($4 IS NULL OR $4 LIKE '%,' || type || ',%')
               AND ($5 IS NULL OR actor_id = $5)
               AND ($6 IS NULL OR session_id = $6)
               AND ($7 IS NULL OR $7 LIKE '%,' || network || ',%')
               AND ($8 IS NULL OR id = $9 OR actor_id = $9 OR as_id = $9 OR target_id = $9
                    OR LOWER(actor_label) LIKE $8 ESCAPE '!' OR LOWER(as_label) LIKE $8 ESCAPE '!'
                    OR LOWER(target_label) LIKE $8 ESCAPE '!')
             ORDER BY id DESC LIMIT $10"
        )
    };
}

/// The index that is read, and the value that is looked up in it.
struct Pass<'a> {
    sql: &'static str,
    looked_up: Option<&'a str>,
}

impl<'a> Pass<'a> {
    fn new(sql: &'static str, looked_up: &'a str) -> Self {
        Self { sql, looked_up: Some(looked_up) }
    }

    /// Returns the passes that together find each event once, each by the narrowest index there is.
    fn all(filter: &'a EventFilter) -> Vec<Self> {
        if let Some(target) = &filter.target {
            return vec![Self::new(page!("target_id = $1"), target)];
        }
        if let Some(actor) = &filter.actor {
            let own = Self::new(page!("target_id = $1"), actor);
            let others = page!("actor_id = $1 AND actor_id IS DISTINCT FROM target_id");
            return vec![own, Self::new(others, actor)];
        }
        if filter.types.is_empty() {
            return vec![Self { sql: page!("$1 IS NULL"), looked_up: None }];
        }
        filter.types.iter().map(|name| Self::new(page!("type = $1"), name)).collect()
    }
}

impl Store {
    /// Returns at most `limit` events that match the filter and precede the one with the id `before`, newest first.
    pub(crate) async fn events(
        &self,
        filter: &EventFilter,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<EventView>> {
        let until = filter.until.map(secret::first_id_of);
        // `g` sorts after every digit of an id.
        let end = before.into_iter().chain(until.as_deref()).min().unwrap_or("g");
        let begin = filter.since.map(secret::first_id_of).unwrap_or_default();
        let pattern = filter.text.as_deref().map(pattern);
        let mut found: Vec<EventView> = Vec::new();
        for pass in Pass::all(filter) {
            let rows = query(pass.sql)
                .bind(pass.looked_up.map(str::to_owned))
                .bind(end)
                .bind(&*begin)
                .bind(listed(filter.types.iter().copied()))
                .bind(filter.actor.clone())
                .bind(filter.session.clone())
                .bind(listed(filter.networks.iter().map(String::as_str)))
                .bind(pattern.clone())
                .bind(filter.text.clone())
                .bind(limit)
                .all::<Row>(&self.db)
                .await?;
            found.extend(rows.into_iter().map(EventView::from));
        }
        found.sort_unstable_by(|one, other| other.id.cmp(&one.id));
        found.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(found)
    }
}

/// Returns a set as one value, `,a,b,`; null when it is empty.
fn listed<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    let joined: String = values.flat_map(|value| [value, ","]).collect();
    (!joined.is_empty()).then(|| format!(",{joined}"))
}

/// Returns the pattern of a label that begins with `text`, or is at this domain when `text` begins with `@`.
fn pattern(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    for character in text.to_lowercase().chars() {
        if "%_!".contains(character) {
            literal.push('!');
        }
        literal.push(character);
    }
    if literal.starts_with('@') { format!("%{literal}") } else { format!("{literal}%") }
}
