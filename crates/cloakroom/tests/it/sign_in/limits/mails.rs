//! Nobody can use up the mails of somebody else (finding S2).

use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;

use crate::support::app::{App, app_with};
use crate::support::calls::{request_reset, resend};
use crate::support::people::{ADA, EVE, visitor};
use crate::support::replies::seen;

/// An app with an account for Ada that sends an address `count` mails of one kind an hour.
async fn app_with_mails(count: u32) -> App {
    let app = app_with(|config| config.limits.mail_per_address.count = count).await;
    app.add(ADA, Rank::Plain).await;
    app
}

/// Counts the mails, including those of the last call.
async fn sent(app: &App) -> usize {
    app.mails().await.len()
}

#[tokio::test]
async fn finding_s2_mails_that_are_not_sent_are_not_counted() {
    let app = app_with_mails(1).await;
    let stranger = visitor(&app).await;
    for _ in 0..10 {
        assert_eq!(resend(&stranger, ADA).await.status, 202);
        assert_eq!(resend(&stranger, EVE).await.status, 202);
    }
    assert_eq!(app.database.rows("limits").await, 0);
    stranger.signup(EVE, PASSWORD).await;
    stranger.signup(ADA, PASSWORD).await;
    request_reset(&stranger, ADA).await;
    assert_eq!(sent(&app).await, 3);
}

#[tokio::test]
async fn finding_s2_kinds_of_mail_are_counted_apart() {
    let app = app_with_mails(2).await;
    let stranger = visitor(&app).await;
    for expected in [1, 2, 2, 2] {
        stranger.signup(ADA, PASSWORD).await;
        assert_eq!(sent(&app).await, expected, "the owner is told twice that somebody signs up");
    }
    request_reset(&stranger, ADA).await;
    assert_eq!(sent(&app).await, 3, "and still gets a reset");
}

#[tokio::test]
async fn finding_s2_strangers_use_up_no_reset_of_an_owner_elsewhere() {
    let app = app_with_mails(2).await;
    let stranger = visitor(&app).await;
    for expected in [1, 2, 2, 2, 2] {
        request_reset(&stranger, ADA).await;
        assert_eq!(sent(&app).await, expected, "two from one network");
    }
    let owner = visitor(&app).await.at([127, 0, 9, 9]);
    request_reset(&owner, ADA).await;
    assert_eq!(sent(&app).await, 3, "another network");
}

#[tokio::test]
async fn finding_s2_over_all_networks_one_reset_an_hour_leaves_and_a_known_browser_has_its_own_count() {
    let app = app_with_mails(1).await;
    let owner = app.signed_in(ADA).await;
    let first = request_reset(&visitor(&app).await.at([127, 1, 0, 1]), ADA).await;
    for number in 1..10 {
        app.mails().await;
        request_reset(&visitor(&app).await.at([127, 1, number, 1]), ADA).await;
    }
    assert_eq!(sent(&app).await, 10, "ten times what one network has");
    for expected in [11, 11, 11] {
        let reply = request_reset(&visitor(&app).await.at([127, 0, 2, 50]), ADA).await;
        assert_eq!(seen(&reply), seen(&first), "nothing of it is told");
        assert_eq!(sent(&app).await, expected, "one an hour always leaves");
    }
    for expected in [12, 12] {
        request_reset(&owner, ADA).await;
        assert_eq!(sent(&app).await, expected, "the owner's browser has a count of its own");
    }
    app.advance(Duration::from_hours(1));
    request_reset(&visitor(&app).await.at([127, 0, 2, 50]), ADA).await;
    assert_eq!(sent(&app).await, 13);
}

#[tokio::test]
async fn finding_s2_tags_are_no_way_to_fill_a_mailbox() {
    let app = app_with_mails(2).await;
    let stranger = visitor(&app).await;
    for (number, expected) in [(0, 1), (1, 2), (2, 2), (3, 2)] {
        stranger.signup(&format!("eve+{number}@example.test"), PASSWORD).await;
        assert_eq!(sent(&app).await, expected);
    }
    // Resets for addresses without an account send nothing, so they use up nothing of a similar address.
    for number in 0..5 {
        request_reset(&stranger, &format!("ada+{number}@example.test")).await;
    }
    assert_eq!(sent(&app).await, 2);
    request_reset(&stranger, ADA).await;
    assert_eq!(sent(&app).await, 3);
}

/// B10, E04: resets from one network are limited even if each goes to another account, and no reply reveals
/// it.
#[tokio::test]
async fn finding_s2_b10_resets_to_many_accounts_from_one_network_are_limited() {
    let app = app_with(|config| config.limits.mail_per_ip.count = 3).await;
    let stranger = visitor(&app).await;
    for number in 0..6 {
        let email = format!("user{number}@example.test");
        app.add(&email, Rank::Plain).await;
        request_reset(&stranger, &email).await;
    }
    assert_eq!(sent(&app).await, 3);
}
