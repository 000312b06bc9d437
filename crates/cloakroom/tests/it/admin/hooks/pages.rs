//! Pages of events by a cursor that the app keeps.

use axum::Router;
use cloakroom::administration::Rank;
use cloakroom::events::Cursor;
use cloakroom::testing::TestApp;
use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::support::app::{App, app};
use crate::support::database::Database;
use crate::support::hooks::text;
use crate::support::people::{ADA, EVE};

async fn texts(app: &App, cursor: Cursor, limit: u32) -> (Vec<String>, Cursor) {
    let page = app.cloakroom.events().after(cursor, limit).await.unwrap();
    assert!(!page.missed);
    (page.events.iter().filter_map(text).collect(), page.next)
}

#[tokio::test]
async fn a_cursor_leads_through_all_events() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    app.add(EVE, Rank::Plain).await;
    let (none, first) = texts(&app, Cursor::OLDEST, 1).await;
    assert_eq!(none, Vec::<String>::new(), "the start of the server");
    let (ada, second) = texts(&app, first, 1).await;
    assert_eq!(ada, [format!("user.made {ADA}")]);
    let kept = Cursor::from_number(second.number());
    let (eve, third) = texts(&app, kept, 200).await;
    assert_eq!(eve, [format!("user.made {EVE}")]);
    assert_eq!(third, app.cloakroom.events().newest().await.unwrap());
    let (none, fourth) = texts(&app, third, 200).await;
    assert_eq!((none.len(), fourth), (0, third));
}

#[tokio::test]
async fn a_cursor_of_another_database_and_a_long_page_are_refused() {
    let app = app().await;
    let events = app.cloakroom.events();
    let newest = events.newest().await.unwrap();
    for (cursor, limit) in [(Cursor::from_number(newest.number() + 1), 10), (newest, 0), (newest, 201)] {
        let refused = events.after(cursor, limit).await.unwrap_err();
        assert_eq!(refused.code(), "validation_failed", "{cursor:?} {limit}");
    }
}

/// The version that recorded events without a position.
async fn migrate_to_14(database: &Database) {
    let mut migrations: Migrator = sqlx::migrate!("./migrations");
    migrations.dangerous_set_table_name("cloakroom_migrations");
    if database.is_sqlite() {
        let url = format!("{}?mode=rwc", database.url);
        migrations.run_to(14, &mut SqliteConnection::connect(&url).await.unwrap()).await.unwrap();
    } else {
        migrations.run_to(14, &mut PgConnection::connect(&database.url).await.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn events_of_an_older_version_come_first_in_the_order_of_their_ids() {
    let database = Database::new().await;
    migrate_to_14(&database).await;
    for number in [3, 1, 2] {
        let insert = format!(
            "INSERT INTO cloakroom_events (id, at, type, outcome, actor_kind, target_kind, target_id, target_label, count)
             VALUES ('01900000-0000-7000-8000-00000000000{number}', 0, 'user.made', 'ok', 'cli', 'user', 'u', 'p{number}', 1)"
        );
        database.change(&insert).await;
    }
    let app = TestApp::with(TestApp::config(&database.url), Router::new()).await;
    app.add(ADA, Rank::Plain).await;
    let page = app.cloakroom.events().after(Cursor::OLDEST, 10).await.unwrap();
    let texts: Vec<_> = page.events.iter().filter_map(text).collect();
    assert_eq!(texts, ["user.made p1", "user.made p2", "user.made p3", &format!("user.made {ADA}")]);
}
