//! Attempts by strangers do not lock the owner out of a known browser (findings S4, S10).

use std::time::Duration;

use cloakroom::testing::{Browser, PASSWORD};
use serde_json::json;

use super::{app_with_rates, browser, browser_at, is_limited, let_through, use_up_ceiling};
use crate::support::app::App;
use crate::support::calls::{confirm_reset, reauthenticate, request_reset};
use crate::support::people::{ADA, NEW, WRONG};

/// A browser in which Ada has signed in and out.
async fn known_browser(app: &App) -> Browser {
    let browser = app.signed_in(ADA).await;
    assert_eq!(browser.post("/api/logout/", &json!({})).await.status, 200);
    browser
}

#[tokio::test]
async fn finding_s10_colleagues_do_not_lock_a_known_browser_out() {
    let app = app_with_rates(3, 6).await;
    let ada = known_browser(&app).await;
    let colleague = browser(&app).await;
    assert_eq!(let_through(async |_| colleague.login(ADA, WRONG).await).await, 3);
    let spray = async |number| colleague.login(&format!("user{number}@example.test"), WRONG).await;
    assert_eq!(let_through(spray).await, 3, "the network is used up as well");
    assert!(is_limited(&browser(&app).await.login(ADA, PASSWORD).await), "a browser that was never here");
    assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(reauthenticate(&ada, PASSWORD).await.status, 200);
    // Its own attempts have a count of their own, shared by all calls that take the password.
    assert!(!is_limited(&ada.login(ADA, WRONG).await));
    assert!(!is_limited(&reauthenticate(&ada, WRONG).await));
    assert!(!is_limited(&ada.login(ADA, WRONG).await));
    assert!(is_limited(&ada.login(ADA, PASSWORD).await));
    assert!(is_limited(&reauthenticate(&ada, PASSWORD).await));
    assert!(is_limited(&ada.login("user9@example.test", WRONG).await), "known to one account alone");
}

#[tokio::test]
async fn finding_s10_a_known_browser_uses_up_nothing_of_its_colleagues() {
    let app = app_with_rates(3, 0).await;
    let ada = known_browser(&app).await;
    assert_eq!(let_through(async |_| ada.login(ADA, WRONG).await).await, 3);
    assert_eq!(browser(&app).await.login(ADA, PASSWORD).await.status, 200);
}

/// Requests a reset and confirms it in this browser.
async fn reset(app: &App, browser: &Browser) {
    assert_eq!(request_reset(browser, ADA).await.status, 202);
    let token = app.mail_to(ADA).await.token();
    assert_eq!(confirm_reset(browser, &token, NEW).await.status, 200);
}

#[tokio::test]
async fn finding_s4_a_reset_lets_the_owner_in() {
    for is_known in [true, false] {
        let app = app_with_rates(2, 0).await;
        let owner = if is_known { known_browser(&app).await } else { browser(&app).await };
        use_up_ceiling(&app).await;
        assert_eq!(let_through(async |_| owner.login(ADA, WRONG).await).await, if is_known { 2 } else { 0 });
        reset(&app, &owner).await;
        assert_eq!(owner.login(ADA, NEW).await.status, 200, "known before: {is_known}");
        let elsewhere = browser_at(&app, [127, 0, 0, 61]).await;
        assert_eq!(elsewhere.login(ADA, NEW).await.status, 200, "the ceiling begins anew");
    }
}

/// Another node has the used-up ceiling in memory, and asks storage again within a second.
#[tokio::test]
async fn finding_s4_another_node_hears_of_the_reset() {
    let app = app_with_rates(2, 0).await;
    let node = app.another_node().await;
    use_up_ceiling(&app).await;
    let there = browser_at(&node, [127, 0, 0, 61]).await;
    assert!(is_limited(&there.login(ADA, PASSWORD).await));
    reset(&app, &browser(&app).await).await;
    crate::support::concurrency::within(Duration::from_secs(3), async || {
        there.login(ADA, NEW).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn finding_s4_an_administrators_password_resets_the_ceiling() {
    let app = app_with_rates(2, 0).await;
    use_up_ceiling(&app).await;
    app.cloakroom.administration().set_password(ADA, NEW).await.unwrap();
    let elsewhere = browser_at(&app, [127, 0, 0, 61]).await;
    crate::support::concurrency::within(Duration::from_secs(3), async || {
        elsewhere.login(ADA, NEW).await.status == 200
    })
    .await;
}
