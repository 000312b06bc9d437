//! The end of a limit's window, and what replies say about it.

use std::time::Duration;

use cloakroom::Rate;
use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;

use super::{app_with_rates, browser, is_limited, let_through};
use crate::support::app::app_with;
use crate::support::people::{ADA, WRONG};

#[tokio::test]
async fn retry_after_and_retry_at_agree_and_are_right() {
    let app = app_with_rates(2, 0).await;
    let browser = browser(&app).await;
    for _ in 0..2 {
        browser.login(ADA, WRONG).await;
    }
    app.advance(Duration::from_mins(5));
    let reply = browser.login(ADA, PASSWORD).await;
    assert!(is_limited(&reply));
    let seconds: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((590..=600).contains(&seconds), "ten minutes are left: {seconds}");
    let retry_at = parse_rfc3339(reply.json()["retry_at"].as_str().unwrap());
    let now = app.database.texts("SELECT CAST(MAX(resets_at) AS TEXT) FROM cloakroom_limits").await;
    assert_eq!(retry_at, now[0].parse::<i128>().unwrap(), "the instant at which the window ends");
    assert_eq!(reply.json()["detail"], "Try again in 10 minutes.");
    // Attempts in between do not move the end.
    app.advance(Duration::from_secs(seconds - 15));
    assert!(is_limited(&browser.login(ADA, PASSWORD).await));
    app.advance(Duration::from_secs(15));
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
}

/// Parses a timestamp into milliseconds since 1970.
fn parse_rfc3339(text: &str) -> i128 {
    let instant = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    instant.unix_timestamp_nanos() / 1_000_000
}

#[tokio::test]
async fn a_window_ends_by_the_clock_and_the_next_one_is_as_long() {
    let app = app_with_rates(3, 0).await;
    let browser = browser(&app).await;
    for _ in 0..3 {
        assert_eq!(let_through(async |_| browser.login(ADA, WRONG).await).await, 3);
        app.advance(Duration::from_mins(14));
        assert!(is_limited(&browser.login(ADA, WRONG).await));
        app.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn a_window_without_end_causes_no_overflow() {
    let app = app_with(|config| {
        config.limits.login_per_account = Rate { count: 1, window: Duration::MAX };
        config.limits.login_per_ip = Rate { count: u32::MAX, window: Duration::MAX };
        config.session.absolute = Duration::MAX.into();
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    let browser = browser(&app).await;
    assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(browser.login(ADA, WRONG).await.status, 400);
    let reply = browser.login(ADA, PASSWORD).await;
    assert!(is_limited(&reply));
    assert_eq!(reply.json()["retry_at"], "9999-12-31T23:59:59Z");
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(browser.state().await, "authenticated", "nor does a session without end overflow");
}
