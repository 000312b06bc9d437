//! One hook at several nodes.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cloakroom::administration::Rank;
use cloakroom::events::Begin;
use cloakroom::testing::{PASSWORD, TestApp};
use tokio::sync::mpsc;

use crate::support::app::app;
use crate::support::concurrency::{at_once, within};
use crate::support::hooks::{DEADLINE, Notes};
use crate::support::people::{ADA, EVE};

/// Longer than a lease.
const LEASE_OVER: Duration = Duration::from_secs(20);

/// `Notes` fails when two nodes handle at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_a_hook_and_each_event_is_handled_once() {
    let app = Arc::new(app().await);
    let other = Arc::new(app.another_node().await);
    let notes = Notes::at(&app, Begin::Now).await;
    notes.also_at(&other, Begin::Now).await;
    at_once(6, |number| {
        let (app, other) = (Arc::clone(&app), Arc::clone(&other));
        async move {
            let node = if number % 2 == 0 { &app.app } else { &*other };
            let email = format!("p{number}@example.test");
            let administration = node.cloakroom.administration();
            administration.add(&email, PASSWORD, Rank::Plain).await.unwrap();
            for _ in 0..5 {
                administration.set_active(&email, false).await.unwrap();
                administration.set_active(&email, true).await.unwrap();
            }
        }
    })
    .await;
    let all = 6 * 11;
    within(DEADLINE, async || notes.texts().len() >= all).await;
    let texts = notes.texts();
    assert_eq!(texts.len(), all);
    for number in 0..6 {
        let of_one: Vec<_> = texts.iter().filter(|text| text.contains(&format!("p{number}@"))).collect();
        assert_eq!(of_one.len(), 11);
        assert!(of_one[0].starts_with("user.made"), "{of_one:?}");
        let is_alternating = |(index, text): (usize, &&String)| {
            text.starts_with(if index % 2 == 0 { "user.deactivated" } else { "user.activated" })
        };
        assert!(of_one[1..].iter().enumerate().all(is_alternating), "{of_one:?}");
    }
}

/// A process that dies takes its runtime with it: nothing is closed, no lease is ended.
#[tokio::test]
async fn an_event_that_a_dead_node_was_handling_is_handled_by_another() {
    let app = app().await;
    let (sender, mut begun) = mpsc::unbounded_channel();
    let config = app.cloakroom.config().clone();
    let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let ready = dying.spawn(async move {
        let node = TestApp::with(config, Router::new()).await;
        let handler = move |_| {
            let sender = sender.clone();
            async move {
                sender.send(())?;
                pending().await
            }
        };
        node.cloakroom.events().hook("crm", Begin::Now, handler).await.unwrap();
        node
    });
    let node = ready.await.unwrap();
    node.add(ADA, Rank::Plain).await;
    begun.recv().await.unwrap();
    dying.shutdown_background();
    let notes = Notes::at(&app, Begin::Now).await;
    app.add(EVE, Rank::Plain).await;
    app.advance(LEASE_OVER);
    notes.until(&[&format!("user.made {ADA}"), &format!("user.made {EVE}")]).await;
}

/// A node that is cut off may not know that it has lost its lease. Another node goes on, and the handler of the first one is
/// dropped.
#[tokio::test]
async fn a_handler_is_dropped_when_another_node_has_taken_the_lease() {
    let app = app().await;
    let other = app.another_node().await;
    let (sender, mut begun) = mpsc::unbounded_channel::<mpsc::Sender<()>>();
    let handler = move |_| {
        let sender = sender.clone();
        async move {
            let (alive, mut end) = mpsc::channel::<()>(1);
            sender.send(alive)?;
            end.recv().await;
            Ok(())
        }
    };
    app.cloakroom.events().hook("crm", Begin::Now, handler).await.unwrap();
    app.add(ADA, Rank::Plain).await;
    let running = begun.recv().await.unwrap();
    // The clock of the other node says that the lease is over.
    other.advance(LEASE_OVER);
    let notes = Notes::at(&other, Begin::Now).await;
    notes.until(&[&format!("user.made {ADA}")]).await;
    tokio::time::timeout(DEADLINE, running.closed()).await.unwrap();
}
