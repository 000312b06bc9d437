//! Acts at the same moment: each success is exactly one event.

use std::collections::BTreeSet;
use std::sync::Arc;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::app_without_limits;
use crate::support::calls::{confirm_reset, reset_token, sign_up, verify};
use crate::support::concurrency::at_once;
use crate::support::events::{of_type, types};
use crate::support::people::{ADA, EVE, NEW, WRONG, visitor, visitors};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_and_failures_at_once_on_two_nodes_are_all_told() {
    let app = Arc::new(app_without_limits().await);
    app.add(ADA, Rank::Plain).await;
    let other = app.another_node().await;
    let mut browsers = visitors(&app, 12).await;
    browsers.extend(visitors(&other, 12).await);
    let replies = at_once(24, |number| {
        let browser = Arc::clone(&browsers[number]);
        let password = if number % 3 == 0 { PASSWORD } else { WRONG };
        async move { browser.login(ADA, password).await.status.as_u16() }
    })
    .await;
    assert_eq!(replies.iter().filter(|status| **status == 200).count(), 8);
    other.write_attempts().await;
    let signed_in = of_type(&app, "sign_in.ok").await;
    let sessions: BTreeSet<_> = signed_in.iter().filter_map(|event| event.session_id.clone()).collect();
    assert_eq!((signed_in.len(), sessions.len()), (8, 8));
    let rows: BTreeSet<_> =
        app.database.texts("SELECT id FROM cloakroom_sessions").await.into_iter().collect();
    assert_eq!(sessions, rows);
    // Eight failures at each node, and each counts by itself.
    let mut counts: Vec<i64> =
        of_type(&app, "sign_in.failed").await.iter().map(|event| event.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 2, 2, 4, 4, 8, 8]);
}

/// Of the failures at once, none is told twice and no power of two is left out, so less than half of them are untold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_failures_at_once_each_power_of_two_is_told_once() {
    let app = Arc::new(app_without_limits().await);
    app.add(ADA, Rank::Plain).await;
    for (email, is_known) in [(ADA, true), (EVE, false)] {
        let browsers = visitors(&app, 20).await;
        at_once(20, |number| {
            let browser = Arc::clone(&browsers[number]);
            async move { browser.login(email, WRONG).await.status.as_u16() }
        })
        .await;
        let mut counts: Vec<i64> = of_type(&app, "sign_in.failed")
            .await
            .iter()
            .filter(|event| event.target.is_some() == is_known)
            .map(|event| event.count)
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 2, 4, 8, 16], "{email}");
    }
}

/// A form that is sent twice, a link that is opened in two tabs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_requests_do_at_once_is_told_once() {
    let app = Arc::new(app_without_limits().await);
    let browser = Arc::new(visitor(&app).await);
    let token = sign_up(&app, &browser, ADA, PASSWORD).await;
    let statuses = at_once(4, |_| {
        let (browser, token) = (browser.copy(), token.clone());
        async move { verify(&browser, &token).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(of_type(&app, "signup.proven").await.len(), 1);
    let ada = Arc::new(app.signed_in(ADA).await);
    at_once(4, |_| {
        let browser = ada.copy();
        async move { browser.post("/api/logout/", &json!({})).await.status.as_u16() }
    })
    .await;
    assert_eq!(of_type(&app, "sign_out").await.len(), 1);
    let reset = reset_token(&app, ADA).await;
    let page = visitor(&app).await;
    at_once(4, |_| {
        let (page, reset) = (page.copy(), reset.clone());
        async move { confirm_reset(&page, &reset, NEW).await.status.as_u16() }
    })
    .await;
    assert_eq!(of_type(&app, "password.reset").await.len(), 1);
    let administration = app.cloakroom.administration();
    at_once(4, |_| {
        let administration = administration.clone();
        async move { administration.set_active(ADA, false).await.map(drop).is_ok() }
    })
    .await;
    assert_eq!(of_type(&app, "user.deactivated").await.len(), 1, "{:?}", types(&app).await);
}
