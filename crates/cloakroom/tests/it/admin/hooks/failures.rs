//! Handlers that fail.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cloakroom::administration::Rank;
use cloakroom::audit::EventView;
use cloakroom::events::Begin;

use crate::support::app::{App, app};
use crate::support::concurrency::within;
use crate::support::hooks::{DEADLINE, Notes};
use crate::support::log_lines::LogLines;
use crate::support::people::{ADA, EVE};

/// A handler that fails until it is well again.
#[derive(Clone, Default)]
pub(super) struct Patient {
    pub(super) is_well: Arc<AtomicBool>,
    pub(super) failures: Arc<AtomicUsize>,
    pub(super) notes: Notes,
}

impl Patient {
    /// Runs it as the hook `crm`. It fails in the way of `fail`.
    pub(super) async fn at(app: &App, fail: fn(&EventView)) -> Self {
        let patient = Self::default();
        let own = patient.clone();
        let handler = move |event: EventView| {
            let patient = own.clone();
            async move {
                if !patient.is_well.load(Ordering::SeqCst) {
                    patient.failures.fetch_add(1, Ordering::SeqCst);
                    fail(&event);
                    return Err("the other system is away".into());
                }
                patient.notes.note(event).await;
                Ok(())
            }
        };
        app.cloakroom.events().hook("crm", Begin::Now, handler).await.unwrap();
        patient
    }

    /// Waits until it has failed this often.
    pub(super) async fn until_failed(&self, times: usize) {
        within(DEADLINE, async || self.failures.load(Ordering::SeqCst) >= times).await;
    }
}

async fn assert_is_tried_again(fail: fn(&EventView), told: &str) {
    let app = app().await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let patient = Patient::at(&app, fail).await;
    app.add(ADA, Rank::Plain).await;
    app.add(EVE, Rank::Plain).await;
    patient.until_failed(2).await;
    patient.is_well.store(true, Ordering::SeqCst);
    patient.notes.until(&[&format!("user.made {ADA}"), &format!("user.made {EVE}")]).await;
    let warnings = lines.take_warnings();
    assert_eq!(warnings.len(), patient.failures.load(Ordering::SeqCst), "{warnings:?}");
    for (index, line) in warnings.iter().enumerate() {
        let count = format!("attempts={}", index + 1);
        assert!(line.contains("crm") && line.contains(&count) && line.contains(told), "{line}");
        assert!(!line.contains(ADA), "{line}");
    }
}

#[tokio::test]
async fn an_event_that_fails_is_tried_again_before_later_ones() {
    assert_is_tried_again(|_| {}, "the other system is away").await;
}

#[tokio::test]
async fn a_panic_is_a_failure_of_one_event() {
    assert_is_tried_again(|event| panic!("no {}", event.event_type), "no user.made").await;
}

/// The wait is kept in the database.
#[tokio::test]
async fn after_a_failure_no_node_tries_before_the_wait_is_over() {
    let app = app().await;
    let other = app.another_node().await;
    let calls: Arc<Mutex<Vec<Instant>>> = Arc::default();
    for node in [&app.app, &other] {
        let calls = Arc::clone(&calls);
        let handler = move |_| {
            calls.lock().unwrap().push(Instant::now());
            async { Err("never".into()) }
        };
        node.cloakroom.events().hook("crm", Begin::Now, handler).await.unwrap();
    }
    app.add(ADA, Rank::Plain).await;
    within(DEADLINE * 3, async || calls.lock().unwrap().len() >= 3).await;
    let calls = calls.lock().unwrap();
    let waits = [calls[1] - calls[0], calls[2] - calls[1]];
    // The database's clock may be a few milliseconds off.
    let slack = Duration::from_millis(50);
    assert!(waits[0] + slack >= Duration::from_secs(1), "{waits:?}");
    assert!(waits[1] + slack >= Duration::from_secs(2), "{waits:?}");
}
