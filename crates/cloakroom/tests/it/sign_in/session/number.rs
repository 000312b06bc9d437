//! The number of sessions and known browsers of a user is limited (S21).

use std::time::Duration;

use cloakroom::testing::PASSWORD;

use super::{app_with_ada, assert_dead};
use crate::support::calls::PROFILE;
use crate::support::people::ADA;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s21_a_user_has_at_most_a_hundred_sessions_and_a_new_one_ends_the_oldest_at_once() {
    let app = app_with_ada().await;
    let oldest = app.signed_in(ADA).await;
    app.advance(Duration::from_secs(1));
    let second = app.signed_in(ADA).await;
    app.advance(Duration::from_secs(1));
    for _ in 0..98 {
        app.signed_in(ADA).await;
    }
    assert_eq!((app.database.rows("sessions").await, oldest.get(PROFILE).await.status.as_u16()), (100, 200));
    let newest = app.browser();
    newest.open_login_page().await;
    assert_eq!(oldest.get(PROFILE).await.status, 200, "in the cache a moment before");
    assert_eq!(newest.login(ADA, PASSWORD).await.status, 200);
    assert_dead(&oldest, "the very next request").await;
    assert_eq!(second.get(PROFILE).await.status, 200);
    assert_eq!(newest.get(PROFILE).await.status, 200);
    assert_eq!(app.database.rows("sessions").await, 100);
}

/// Known browsers of a user, each a cookie that anybody can invent, do not fill the database.
#[tokio::test]
async fn s21_a_user_has_at_most_a_hundred_known_browsers() {
    let app = app_with_ada().await;
    let user = app.database.texts("SELECT id FROM cloakroom_users").await.remove(0);
    let owner = app.signed_in(ADA).await;
    for number in 0..120 {
        let plant = format!(
            "INSERT INTO cloakroom_browsers VALUES ('{user}', 'planted-{number}', {})",
            1_000_000 + number
        );
        app.database.change(&plant).await;
    }
    app.advance(Duration::from_secs(1));
    app.signed_in(ADA).await;
    let left = app.database.texts("SELECT browser_hash FROM cloakroom_browsers ORDER BY last_seen_at").await;
    assert_eq!((left.len(), &*left[0]), (100, "planted-22"), "the oldest went");
    assert_eq!(owner.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(app.database.rows("browsers").await, 100);
}
