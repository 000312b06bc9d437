//! The ceiling of an account over all networks (B09).

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use super::{WINDOW, app_with_rates, browser, browser_at, is_limited, let_through, use_up_ceiling};
use crate::support::people::{ADA, WRONG};

#[tokio::test]
async fn b09_over_all_networks_an_account_has_a_ceiling_that_its_owners_browser_does_not_meet() {
    let app = app_with_rates(2, 0).await;
    let owner = app.signed_in(ADA).await;
    assert_eq!(owner.post("/api/logout/", &json!({})).await.status, 200);
    use_up_ceiling(&app).await;
    let stranger = browser_at(&app, [127, 0, 0, 60]).await;
    assert!(is_limited(&stranger.login(ADA, PASSWORD).await), "a browser that was never here");
    let owner = owner.at([127, 0, 0, 61]);
    assert_eq!(owner.login(ADA, PASSWORD).await.status, 200, "the owner's browser, wherever it is");
    let other = browser_at(&app, [127, 0, 0, 62]).await;
    app.add("eve@evil.test", Rank::Plain).await;
    assert_eq!(other.login("eve@evil.test", PASSWORD).await.status, 200);
    assert!(is_limited(&other.login(ADA, PASSWORD).await), "known to one account is not known to another");
    // A known browser passes the ceiling, but not the limit of its own network.
    assert_eq!(let_through(async |_| owner.login(ADA, WRONG).await).await, 2);
    app.advance(WINDOW);
    assert_eq!(stranger.login(ADA, PASSWORD).await.status, 200, "no lockout is for ever");
}

#[tokio::test]
async fn b09_one_network_alone_cannot_use_up_the_ceiling_of_an_account() {
    let app = app_with_rates(2, 0).await;
    let attacker = browser(&app).await;
    for _ in 0..30 {
        attacker.login(ADA, WRONG).await;
    }
    let owner = browser_at(&app, [127, 0, 0, 60]).await;
    assert_eq!(owner.login(ADA, PASSWORD).await.status, 200, "28 of those tries were refused unseen");
}

#[tokio::test]
async fn b09_an_address_that_is_limited_cannot_use_up_the_ceiling_of_an_account() {
    let app = app_with_rates(2, 3).await;
    let attacker = browser(&app).await;
    for number in 0..3 {
        attacker.login(&format!("user{number}@example.test"), WRONG).await;
    }
    for _ in 0..30 {
        assert!(is_limited(&attacker.login(ADA, WRONG).await));
    }
    assert_eq!(browser_at(&app, [127, 0, 0, 60]).await.login(ADA, PASSWORD).await.status, 200);
}
