//! Recorded events, as an administrator reads them.

use cloakroom::audit::{EventView, Filter};
use cloakroom::testing::TestApp;
use serde_json::Value;

/// Returns the newest events that match a filter, newest first.
pub(crate) async fn chosen(app: &TestApp, choose: impl FnOnce(&mut Filter)) -> Vec<EventView> {
    let mut filter = Filter::default();
    choose(&mut filter);
    app.write_attempts().await;
    app.cloakroom.audit().list(&filter, None, 200).await.unwrap()
}

/// Returns the events of one type, newest first.
pub(crate) async fn of_type(app: &TestApp, name: &str) -> Vec<EventView> {
    chosen(app, |filter| filter.types = vec![name.to_owned()]).await
}

/// Returns the newest event.
pub(crate) async fn newest(app: &TestApp) -> EventView {
    chosen(app, |_| {}).await.remove(0)
}

/// Returns the types of all events, oldest first, without the start of the server.
pub(crate) async fn types(app: &TestApp) -> Vec<String> {
    let events = chosen(app, |_| {}).await;
    let types = events.into_iter().rev().map(|event| event.event_type);
    types.filter(|name| name != "server.started").collect()
}

/// Returns an event as JSON.
pub(crate) fn json(event: &EventView) -> Value {
    serde_json::to_value(event).unwrap()
}
