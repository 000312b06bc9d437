//! Hooks of an embedding app, and the pages of events beneath them (`jobs/hooks.rs`, `flow/admin/events.rs`).

mod failures;
mod keeping;
mod nodes;
mod overlaps;
mod pages;

use std::sync::Arc;

use cloakroom::administration::{NewAccount, Rank};
use cloakroom::events::Begin;
use cloakroom::testing::PASSWORD;
use tokio::sync::Notify;

use crate::support::app::app;
use crate::support::concurrency::within;
use crate::support::hooks::{DEADLINE, Notes};
use crate::support::people::{ADA, EVE};

#[tokio::test]
async fn a_hook_gets_every_event_once_and_in_order() {
    let app = app().await;
    let notes = Notes::at(&app, Begin::Now).await;
    let emails: Vec<String> = (0..120).map(|number| format!("p{number:03}@example.test")).collect();
    let people: Vec<_> = emails.iter().map(|email| NewAccount::new(email, PASSWORD)).collect();
    let administration = app.cloakroom.administration();
    administration.add_all(&people[..3]).await.unwrap();
    for email in &emails[..3] {
        for _ in 0..20 {
            administration.set_active(email, false).await.unwrap();
            administration.set_active(email, true).await.unwrap();
        }
    }
    administration.delete(&emails[0]).await.unwrap();
    let mut expected: Vec<String> = emails[..3].iter().map(|email| format!("user.made {email}")).collect();
    for email in &emails[..3] {
        for _ in 0..20 {
            expected.extend([format!("user.deactivated {email}"), format!("user.activated {email}")]);
        }
    }
    expected.push("user.deleted nobody".to_owned());
    within(DEADLINE, async || notes.texts().len() >= expected.len()).await;
    // What was not handled when the account was deleted has no label any more.
    let types = |texts: &[String]| {
        texts.iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(types(&notes.texts()), types(&expected));
}

#[tokio::test]
async fn a_hook_goes_on_where_it_was_after_a_restart() {
    let app = app().await;
    let notes = Notes::at(&app, Begin::Now).await;
    app.add(ADA, Rank::Plain).await;
    notes.until(&[&format!("user.made {ADA}")]).await;
    let node = app.another_node().await;
    app.cloakroom.close().await;
    node.add(EVE, Rank::Plain).await;
    let notes = Notes::at(&node, Begin::Now).await;
    notes.until(&[&format!("user.made {EVE}")]).await;
}

#[tokio::test]
async fn a_new_hook_begins_now_or_with_the_oldest_event() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let events = app.cloakroom.events();
    let (from_now, from_oldest) = (Notes::default(), Notes::default());
    for (name, begin, notes) in [("now", Begin::Now, &from_now), ("oldest", Begin::Oldest, &from_oldest)] {
        let notes = notes.clone();
        let handler = move |event| {
            let notes = notes.clone();
            async move {
                notes.note(event).await;
                Ok(())
            }
        };
        events.hook(name, begin, handler).await.unwrap();
    }
    app.add(EVE, Rank::Plain).await;
    let (ada, eve) = (format!("user.made {ADA}"), format!("user.made {EVE}"));
    from_oldest.until(&[&ada, &eve]).await;
    from_now.until(&[&eve]).await;
}

#[tokio::test]
async fn a_name_is_short_and_used_once() {
    let app = app().await;
    let events = app.cloakroom.events();
    for name in ["", "-crm", "CRM", "c.rm", "crm ", &"x".repeat(64)] {
        let refused = events.hook(name, Begin::Now, async |_| Ok(())).await.unwrap_err();
        assert_eq!(refused.code(), "validation_failed", "{name}");
    }
    events.hook("crm-2", Begin::Now, async |_| Ok(())).await.unwrap();
    let refused = events.hook("crm-2", Begin::Now, async |_| Ok(())).await.unwrap_err();
    assert_eq!(refused.code(), "already_exists");
}

/// A deployment repeats no event that was almost done.
#[tokio::test]
async fn the_end_waits_for_the_event_that_is_being_handled() {
    let app = app().await;
    let node = app.another_node().await;
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (has_begun, may_finish) = (Arc::clone(&begun), Arc::clone(&finish));
    let handler = move |_| {
        let (begun, finish) = (Arc::clone(&has_begun), Arc::clone(&may_finish));
        async move {
            begun.notify_one();
            finish.notified().await;
            Ok(())
        }
    };
    app.cloakroom.events().hook("crm", Begin::Now, handler).await.unwrap();
    app.add(ADA, Rank::Plain).await;
    app.add(EVE, Rank::Plain).await;
    begun.notified().await;
    let end = app.cloakroom.close();
    let rest = async {
        tokio::task::yield_now().await;
        finish.notify_one();
    };
    tokio::join!(end, rest);
    let notes = Notes::at(&node, Begin::Now).await;
    notes.until(&[&format!("user.made {EVE}")]).await;
}

#[tokio::test]
async fn a_hook_ends_with_the_last_clone() {
    let app = app().await;
    let held = Arc::new(());
    let witness = Arc::downgrade(&held);
    let handler = move |_| {
        let _held = Arc::clone(&held);
        async { Ok(()) }
    };
    app.cloakroom.events().hook("crm", Begin::Now, handler).await.unwrap();
    drop(app.app);
    within(DEADLINE, async || witness.upgrade().is_none()).await;
}
