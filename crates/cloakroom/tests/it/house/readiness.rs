//! Readiness: a node says that it can work, stops saying so when storage fails, and says it again afterwards.

use std::time::{Duration, Instant};

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::app::{App, app_without_limits};

async fn login(app: &App) -> u16 {
    let browser = app.browser();
    browser.open_login_page().await;
    browser.login("ada@example.test", PASSWORD).await.status.as_u16()
}

/// Makes the database read-only or writable, and ends its connections, as a failover does.
async fn fail_over(app: &App, is_read_only: bool) {
    let (server, name) = app.database.url.rsplit_once('/').unwrap();
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    for sql in [
        format!("ALTER DATABASE {name} SET default_transaction_read_only = {is_read_only}"),
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
    ] {
        // The end of the mode ends no connections: the tests are about those that still remember it.
        if sql.starts_with("ALTER") || is_read_only {
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn finding_r1_a_connection_that_turned_read_only_is_not_reused() {
    let app = app_without_limits().await;
    app.add("ada@example.test", Rank::Plain).await;
    if app.database.is_sqlite() {
        return;
    }
    assert_eq!(login(&app).await, 200);
    fail_over(&app, true).await;
    for _ in 0..12 {
        assert_eq!(login(&app).await, 503);
    }
    fail_over(&app, false).await;
    let start = Instant::now();
    while login(&app).await != 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "sign-ins stay 503");
    }
    for _ in 0..12 {
        assert_eq!(login(&app).await, 200, "no connection remembers it");
    }
}

#[tokio::test]
async fn finding_n16_a_node_that_cannot_write_is_not_ready() {
    let app = app_without_limits().await;
    app.add("ada@example.test", Rank::Plain).await;
    assert!(app.cloakroom.is_ready().await);
    if app.database.is_sqlite() {
        return;
    }
    fail_over(&app, true).await;
    let until = async |expected: bool| {
        let start = Instant::now();
        while app.cloakroom.is_ready().await != expected {
            assert!(start.elapsed() < Duration::from_secs(5), "ready: {}", !expected);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until(false).await;
    fail_over(&app, false).await;
    until(true).await;
    assert_eq!(login(&app).await, 200);
}

/// An answer is cached for a second, so frequent probes cause no extra writes.
#[tokio::test]
async fn finding_n16_many_probes_cause_one_write() {
    let app = app_without_limits().await;
    let start = Instant::now();
    for _ in 0..2000 {
        assert!(app.cloakroom.is_ready().await);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(app.database.rows("readiness").await, 0);
}

/// One node's clock is 15 days ahead. Its sweep uses the clock of the database.
#[tokio::test]
async fn finding_r4_a_node_whose_clock_is_wrong_sweeps_nobody_out() {
    let app = app_without_limits().await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    app.run_ahead(Duration::from_hours(15 * 24));
    app.sweep().await;
    assert_eq!(app.database.rows("sessions").await, 1);
    assert_eq!(browser.get("/api/users/profile/").await.status, 401, "here it is past its end");
    app.advance(Duration::from_hours(15 * 24));
    app.sweep().await;
    assert_eq!(app.database.rows("sessions").await, 0, "the time of all nodes has come");
}

#[tokio::test]
async fn finding_r4_more_sessions_than_ever_are_swept_by_the_second_round() {
    let app = app_without_limits().await;
    let ada = app.add("ada@example.test", Rank::Plain).await;
    let planted = format!(
        "INSERT INTO cloakroom_sessions (id, ticket_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
         SELECT 'id' || i, 'hash' || i, '{}', 0, 0, 0, 1 FROM n",
        ada.id
    );
    app.database.change(&planted).await;
    assert_eq!(app.sweep().await, 0, "announced");
    assert_eq!(app.database.rows("sessions").await, 1200);
    assert_eq!(app.sweep().await, 1200, "confirmed");
    // This is the usual number by now.
    app.database.change(&planted).await;
    assert_eq!(app.sweep().await, 1200);
}
