//! Resets that overlap with logins, changes and deletions (W12, S18, R03).

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{PASSWORD, Reply};

use crate::support::calls::{PROFILE, change_email, confirm_reset, request_reset, reset_token};
use crate::support::concurrency::at_once;
use crate::support::people::{ADA, NEW, app_with_ada, can_sign_in, visitors};

/// W12: a login with the old password runs beside a reset. Whichever is first, no session of the old password
/// remains.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w12_s18_no_concurrent_login_outlives_a_reset() {
    let app = app_with_ada().await;
    let mut old = PASSWORD.to_owned();
    for round in 0..8 {
        let new = format!("battery-horse-{round:02}");
        let token = reset_token(&app, ADA).await;
        let browsers = visitors(&app, 4).await;
        let replies: Vec<Reply> = at_once(4, |number| {
            let (browser, token) = (Arc::clone(&browsers[number]), token.clone());
            let (old, new) = (old.clone(), new.clone());
            async move {
                tokio::time::sleep(Duration::from_millis(6 * round * (number as u64 % 2))).await;
                if number == 0 {
                    confirm_reset(&browser, &token, &new).await
                } else {
                    browser.login(ADA, &old).await
                }
            }
        })
        .await;
        for reply in replies {
            assert!(matches!(reply.status.as_u16(), 200 | 400), "round {round}: {}", reply.text);
        }
        for browser in &browsers {
            assert_eq!(browser.get(PROFILE).await.status, 401, "round {round}");
        }
        assert_eq!(app.database.rows("sessions").await, 0, "round {round}");
        assert!(can_sign_in(&app, ADA, &new).await, "round {round}");
        app.cloakroom.administration().set_password(ADA, &new).await.unwrap();
        old = new;
    }
}

/// R03: an account is deleted during logins, resets and changes. Nothing of it remains, and no request fails
/// with a 5xx.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r03_nothing_outlives_an_account_that_is_deleted() {
    let app = Arc::new(app_with_ada().await);
    app.cloakroom.administration().delete(ADA).await.unwrap();
    for round in 0..6 {
        app.add(ADA, Rank::Plain).await;
        let token = reset_token(&app, ADA).await;
        let ada = Arc::new(app.signed_in(ADA).await);
        let browsers = visitors(&app, 5).await;
        let replies = at_once(5, |number| {
            let (app, ada, browser, token) =
                (Arc::clone(&app), Arc::clone(&ada), Arc::clone(&browsers[number]), token.clone());
            async move {
                match number {
                    0 => {
                        tokio::time::sleep(Duration::from_millis(15 * round)).await;
                        app.cloakroom.administration().delete(ADA).await.unwrap();
                        None
                    }
                    1 => Some(browser.login(ADA, PASSWORD).await),
                    2 => Some(confirm_reset(&browser, &token, NEW).await),
                    3 => Some(change_email(&ada, "ada@elsewhere.test").await),
                    _ => Some(request_reset(&browser, ADA).await),
                }
            }
        })
        .await;
        for reply in replies.into_iter().flatten() {
            assert!(reply.status.as_u16() < 500, "round {round}: {}", reply.text);
        }
        for table in ["users", "sessions", "browsers"] {
            assert_eq!(app.database.rows(table).await, 0, "round {round}: {table}");
        }
        for browser in browsers.iter().chain([&ada]) {
            assert_eq!(browser.get(PROFILE).await.status, 401, "round {round}");
        }
        assert_eq!(
            app.database.texts("SELECT id FROM cloakroom_challenges WHERE user_id IS NOT NULL").await.len(),
            0
        );
    }
}
