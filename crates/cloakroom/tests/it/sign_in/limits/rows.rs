//! Rows that the limits keep in the database (B13, B14).

use cloakroom::testing::PASSWORD;

use super::{WINDOW, app_with_rates, browser, is_limited, let_through};
use crate::support::people::{ADA, WRONG};

#[tokio::test]
async fn b13_the_table_of_limits_is_swept_and_names_nobody() {
    let app = app_with_rates(5, 50).await;
    let browser = browser(&app).await;
    for number in 0..10 {
        browser.login(&format!("user{number}@example.test"), WRONG).await;
    }
    assert_eq!(
        app.database.rows("limits").await,
        42,
        "an account's at two widths, its browser's, a ceiling's each; one address, one /24"
    );
    let keys = app.database.texts("SELECT key FROM cloakroom_limits").await.join(" ");
    assert!(!keys.contains("user1") && !keys.contains("127.0.0"), "{keys}");
    assert_eq!(app.sweep().await, 0);
    app.advance(WINDOW);
    assert_eq!(app.sweep().await, 42);
    assert_eq!(app.database.rows("limits").await, 0);
}

/// A refused address cannot fill the table with invented keys, and is told the real waiting time.
#[tokio::test]
async fn b13_a_refused_attempt_leaves_no_row() {
    let app = app_with_rates(1, 3).await;
    let attacker = browser(&app).await;
    for email in [ADA, "grace@example.test"] {
        attacker.login(email, WRONG).await;
    }
    app.advance(WINDOW / 3);
    attacker.login("eve@evil.test", WRONG).await;
    let rows = app.database.rows("limits").await;
    for number in 0..30 {
        assert!(is_limited(&attacker.login(&format!("user{number}@example.test"), WRONG).await));
    }
    assert_eq!(app.database.rows("limits").await, rows);
    // The window of the account ends after that of the address. Only then would another attempt be let
    // through.
    for (email, minutes) in [("eve@evil.test", 15), (ADA, 10), ("user1@example.test", 10)] {
        let refused = attacker.login(email, WRONG).await;
        let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((minutes * 60 - 60..=minutes * 60).contains(&seconds), "{email}: {seconds}");
    }
}

#[tokio::test]
async fn b14_all_nodes_share_one_count_and_a_restart_clears_nothing() {
    let app = app_with_rates(5, 0).await;
    let node = app.another_node().await;
    let (here, there) = (browser(&app).await, browser(&node).await);
    let alternating =
        async |number: usize| if number.is_multiple_of(2) { &here } else { &there }.login(ADA, WRONG).await;
    assert_eq!(let_through(alternating).await, 5);
    let restarted = app.another_node().await;
    assert!(is_limited(&browser(&restarted).await.login(ADA, PASSWORD).await));
}
