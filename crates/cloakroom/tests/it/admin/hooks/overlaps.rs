//! Transactions that overlap: the one that began first may commit last.

use std::collections::BTreeSet;
use std::sync::Arc;

use cloakroom::administration::Rank;
use cloakroom::audit::Filter;
use cloakroom::events::{Begin, Cursor};
use cloakroom::testing::PASSWORD;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::support::app::{App, app};
use crate::support::concurrency::{at_once, within};
use crate::support::hooks::{DEADLINE, Notes, text};
use crate::support::people::ADA;

/// An event as another node records it. Its id is lower than all others: its transaction began first.
const LATE: &str = "INSERT INTO cloakroom_events (id, at, type, outcome, actor_kind, target_kind, target_id, target_label, count)
     VALUES ('01900000-0000-7000-8000-000000000000', 0, 'user.made', 'ok', 'cli', 'user', 'u', 'late@example.test', 1)";

/// A transaction of another node that has recorded its event and is not committed.
enum Open {
    /// SQLite has one writer: every later transaction waits.
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Open {
    async fn begin(app: &App) -> Self {
        if app.database.is_sqlite() {
            let mut connection = SqliteConnection::connect(&app.database.url).await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            connection.execute(LATE).await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = PgConnection::connect(&app.database.url).await.unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection.execute(LATE).await.unwrap();
        Self::Postgres(connection)
    }

    async fn commit(self) {
        match self {
            Self::Sqlite(mut connection) => drop(connection.execute("COMMIT").await.unwrap()),
            Self::Postgres(mut connection) => drop(connection.execute("COMMIT").await.unwrap()),
        }
    }
}

#[tokio::test]
async fn an_event_that_is_committed_after_later_ones_is_delivered() {
    let app = Arc::new(app().await);
    let notes = Notes::at(&app, Begin::Now).await;
    let start = app.cloakroom.events().newest().await.unwrap();
    let open = Open::begin(&app).await;
    let added = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.add(ADA, Rank::Plain).await }
    });
    let (ada, late) = (format!("user.made {ADA}"), "user.made late@example.test");
    if app.database.is_sqlite() {
        app.database.until_waiting(1).await;
        open.commit().await;
        added.await.unwrap();
        notes.until(&[late, &ada]).await;
        return;
    }
    added.await.unwrap();
    notes.until(&[&ada]).await;
    let page = app.cloakroom.events().after(start, 10).await.unwrap();
    assert_eq!(page.events.iter().filter_map(text).collect::<Vec<_>>(), [&*ada]);
    open.commit().await;
    notes.until(&[&ada, late]).await;
    let rest = app.cloakroom.events().after(page.next, 10).await.unwrap();
    assert_eq!(rest.events.iter().filter_map(text).collect::<Vec<_>>(), [late]);
    assert!(rest.events[0].id < page.events[0].id, "a reader by id would have passed it");
}

/// A reader that never waits, beside many writers, gets each event on exactly one page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beside_many_writers_on_two_nodes_misses_nothing() {
    let app = Arc::new(app().await);
    let other = Arc::new(app.another_node().await);
    let reader = tokio::spawn({
        let app = Arc::clone(&app);
        async move {
            let (mut cursor, mut ids) = (Cursor::OLDEST, Vec::new());
            let mut is_over = false;
            while !is_over {
                let page = app.cloakroom.events().after(cursor, 7).await.unwrap();
                is_over = page.events.iter().any(|event| event.event_type == "sessions.revoked");
                ids.extend(page.events.into_iter().map(|event| event.id));
                cursor = page.next;
            }
            ids
        }
    });
    at_once(6, |number| {
        let (app, other) = (Arc::clone(&app), Arc::clone(&other));
        async move {
            let node = if number % 2 == 0 { &app.app } else { &*other };
            let email = format!("p{number}@example.test");
            let administration = node.cloakroom.administration();
            administration.add(&email, PASSWORD, Rank::Plain).await.unwrap();
            for _ in 0..10 {
                administration.set_active(&email, false).await.unwrap();
                administration.set_active(&email, true).await.unwrap();
            }
        }
    })
    .await;
    app.cloakroom.administration().end_all_sessions().await.unwrap();
    let ids = reader.await.unwrap();
    let all = app.cloakroom.audit().list(&Filter::default(), None, 200).await.unwrap();
    assert!(all.len() > 120, "{}", all.len());
    assert_eq!(ids.len(), all.len());
    let once: BTreeSet<String> = ids.into_iter().collect();
    assert_eq!(once, all.into_iter().map(|event| event.id).collect());
}

/// An administrator who deletes a person changes older events, which may be about to get their place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_and_a_reader_do_not_wait_for_each_other_in_a_circle() {
    let app = Arc::new(app().await);
    let notes = Notes::at(&app, Begin::Now).await;
    at_once(4, |number| {
        let app = Arc::clone(&app);
        async move {
            let email = format!("p{number}@example.test");
            for _ in 0..5 {
                app.add(&email, Rank::Plain).await;
                app.cloakroom.administration().delete(&email).await.unwrap();
            }
        }
    })
    .await;
    within(DEADLINE, async || notes.texts().len() >= 40).await;
    assert_eq!(notes.texts().len(), 40);
}
