//! A flood of sign-ins from one network delays only itself (finding S3).

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD, Reply};

use super::{app_with_rates, browser, browser_at, is_limited, let_through};
use crate::support::app::App;
use crate::support::concurrency::at_once;
use crate::support::people::{ADA, WRONG};

/// The number of connections of the flood, more than one network may have in the queue.
const FLOOD: usize = 160;

/// Signs in from many networks while `tries` attempts arrive from one.
async fn honest_beside<F: Future<Output = Reply> + Send + 'static>(
    app: &Arc<App>,
    tries: impl Fn(Arc<Browser>) -> F,
) {
    let flooder = Arc::new(browser(app).await);
    let mut honest = Vec::new();
    for number in 0..8 {
        app.add(&format!("user{number}@example.test"), Rank::Plain).await;
        honest.push(browser_at(app, [127, 0, 9, number]).await);
    }
    let flood: Vec<_> = (0..FLOOD).map(|_| tokio::spawn(tries(Arc::clone(&flooder)))).collect();
    tokio::task::yield_now().await;
    for (number, browser) in (0..).zip(&honest) {
        let reply = browser.login(&format!("user{number}@example.test"), PASSWORD).await;
        assert_eq!(reply.status, 200, "{number}: {}", reply.text);
    }
    for reply in flood {
        let status = reply.await.unwrap().status;
        assert!(matches!(status.as_u16(), 200 | 400 | 429 | 503), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn finding_s3_a_flood_of_right_sign_ins_keeps_nobody_else_out() {
    let app = Arc::new(app_with_rates(0, 0).await);
    honest_beside(&app, |flooder| async move { flooder.login(ADA, PASSWORD).await }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn finding_s3_a_flood_of_refused_attempts_keeps_nobody_else_out() {
    let app = Arc::new(app_with_rates(5, 0).await);
    assert_eq!(let_through(async |_| browser(&app).await.login(ADA, WRONG).await).await, 5);
    honest_beside(&app, |flooder| async move {
        for _ in 0..5 {
            assert!(is_limited(&flooder.login(ADA, PASSWORD).await), "never 503");
        }
        flooder.login(ADA, PASSWORD).await
    })
    .await;
}

/// B03: of very many attempts at once, the counted ones are hashed and all others are answered with the
/// limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn finding_s3_b03_more_concurrent_attempts_than_the_queue_holds_are_all_counted() {
    let app = app_with_rates(5, 0).await;
    let browser = Arc::new(browser(&app).await);
    let replies = at_once(FLOOD, |_| {
        let browser = Arc::clone(&browser);
        async move { browser.login(ADA, WRONG).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| !is_limited(reply)).count(), 5);
}

/// A refusal is answered from memory, and storage is asked again a second later.
#[tokio::test]
async fn finding_s3_a_refused_key_is_remembered() {
    let app = app_with_rates(2, 0).await;
    let browser = browser(&app).await;
    assert_eq!(let_through(async |_| browser.login(ADA, WRONG).await).await, 2);
    app.database.change("DELETE FROM cloakroom_limits").await;
    assert!(is_limited(&browser.login(ADA, PASSWORD).await), "without a look into storage");
    crate::support::concurrency::within(Duration::from_secs(3), async || {
        browser.login(ADA, PASSWORD).await.status == 200
    })
    .await;
    // A success is refunded, and the cached refusal is dropped with it.
    for _ in 0..5 {
        assert_eq!(browser.login(ADA, PASSWORD).await.status, 200);
    }
}
