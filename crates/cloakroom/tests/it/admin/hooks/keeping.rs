//! Events that are older than `audit.keep` while a hook has not handled them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::config::Lifetime;
use cloakroom::events::Begin;

use super::failures::Patient;
use crate::support::app::{App, app_with};
use crate::support::concurrency::within;
use crate::support::events::types;
use crate::support::hooks::{DEADLINE, Notes};
use crate::support::log_lines::LogLines;
use crate::support::people::{ADA, EVE};

const DAY: Duration = Duration::from_hours(24);

async fn app() -> App {
    app_with(|config| config.audit.keep = Lifetime::from_days(1).into()).await
}

#[tokio::test]
async fn the_sweep_leaves_what_a_hook_in_use_has_not_handled() {
    let app = app().await;
    let patient = Patient::at(&app, |_| {}).await;
    app.add(ADA, Rank::Plain).await;
    patient.until_failed(1).await;
    app.advance(20 * DAY);
    app.sweep().await;
    assert_eq!(types(&app).await, ["user.made"]);
    patient.is_well.store(true, Ordering::SeqCst);
    patient.notes.until(&[&format!("user.made {ADA}")]).await;
    // The event is recorded as handled a moment later.
    let handled = async || {
        app.sweep().await;
        types(&app).await.is_empty()
    };
    within(DEADLINE, handled).await;
}

#[tokio::test]
async fn a_hook_that_has_not_run_for_a_month_loses_events_and_the_log_says_so() {
    let app = app().await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let node = app.another_node().await;
    let cursor = app.cloakroom.events().newest().await.unwrap();
    Notes::at(&node, Begin::Now).await;
    node.cloakroom.close().await;
    app.add(ADA, Rank::Plain).await;
    app.advance(29 * DAY);
    app.sweep().await;
    assert_eq!(types(&app).await, ["user.made"]);
    app.advance(2 * DAY);
    app.add(EVE, Rank::Plain).await;
    app.sweep().await;
    app.sweep().await;
    assert_eq!(types(&app).await, ["user.made"], "that of Eve");
    let warnings = lines.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("crm"), "{warnings:?}");
    assert!(app.cloakroom.events().after(cursor, 10).await.unwrap().missed);
    let notes = Notes::at(&app, Begin::Now).await;
    notes.until(&[&format!("user.made {EVE}")]).await;
    let errors = lines.take_warnings();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("crm") && errors[0].contains("audit.keep"), "{errors:?}");
    let cursor = app.cloakroom.events().newest().await.unwrap();
    assert!(!app.cloakroom.events().after(cursor, 10).await.unwrap().missed);
}
