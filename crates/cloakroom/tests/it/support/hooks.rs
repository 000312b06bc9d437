//! A hook that notes what it gets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloakroom::audit::EventView;
use cloakroom::events::Begin;
use cloakroom::testing::TestApp;

use crate::support::concurrency::within;

/// The time within which a hook gets an event, also from another node or after a short wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The events that hooks have handled, in order. Several hooks may share it.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    events: Mutex<Vec<EventView>>,
    is_busy: AtomicBool,
}

/// The sign that a handler is at work.
struct Busy<'a>(&'a AtomicBool);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Notes {
    /// Runs the hook `crm` at this node.
    pub(crate) async fn at(app: &TestApp, begin: Begin) -> Self {
        let notes = Self::default();
        notes.also_at(app, begin).await;
        notes
    }

    /// Runs the hook `crm` at another node as well.
    pub(crate) async fn also_at(&self, app: &TestApp, begin: Begin) {
        let notes = self.clone();
        let handler = move |event| {
            let notes = notes.clone();
            async move {
                notes.note(event).await;
                Ok(())
            }
        };
        app.cloakroom.events().hook("crm", begin, handler).await.unwrap();
    }

    /// Notes an event. Two at a time are a failure.
    pub(crate) async fn note(&self, event: EventView) {
        assert!(!self.0.is_busy.swap(true, Ordering::SeqCst), "one event at a time");
        let _busy = Busy(&self.0.is_busy);
        tokio::task::yield_now().await;
        self.0.events.lock().unwrap().push(event);
    }

    /// Returns the type and the label of each event, without starts of the server.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.events.lock().unwrap().iter().filter_map(text).collect()
    }

    /// Waits until there are exactly these events.
    pub(crate) async fn until(&self, expected: &[&str]) {
        let is_complete = async || self.texts().len() >= expected.len();
        let complete = tokio::time::timeout(DEADLINE, within(DEADLINE * 2, is_complete)).await;
        assert!(complete.is_ok(), "{:?} instead of {expected:?}", self.texts());
        assert_eq!(self.texts(), expected);
    }
}

/// Returns the type and the label of an event; `None` for the start of a server.
pub(crate) fn text(event: &EventView) -> Option<String> {
    let label = event.target.as_ref().and_then(|target| target.label.as_deref()).unwrap_or("nobody");
    (event.event_type != "server.started").then(|| format!("{} {label}", event.event_type))
}
