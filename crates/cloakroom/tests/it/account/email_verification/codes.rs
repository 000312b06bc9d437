//! Guesses of the code in a mail (B11).

use std::sync::Arc;

use cloakroom::testing::PASSWORD;

use crate::support::HOUR;
use crate::support::app::app_without_limits;
use crate::support::calls::{verify, verify_with_code};
use crate::support::concurrency::at_once;
use crate::support::people::{EVE, visitor};
use crate::support::replies::assert_problem;

/// Returns a wrong code.
fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

/// B11: five attempts per code, counted for the signup and not for the session or the network.
#[tokio::test]
async fn b11_the_sixth_attempt_at_a_code_is_refused_unseen() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    for number in 0..5 {
        let copy = browser.copy().at([127, 0, 0, 60 + number]);
        assert_problem(&verify_with_code(&copy, EVE, &another(&code)).await, 400, "invalid_code");
    }
    assert_problem(&verify_with_code(&browser, EVE, &code).await, 400, "invalid_code");
    // The link does not count as a guess and still works.
    let token = app.mail_to(EVE).await.token();
    assert_eq!(verify(&browser, &token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b11_concurrent_attempts_at_a_code_are_all_counted() {
    let app = app_without_limits().await;
    let browser = visitor(&app).await;
    browser.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    let copies: Vec<_> = (0..24).map(|_| Arc::new(browser.copy())).collect();
    let replies = at_once(24, |number| {
        let (browser, code) = (Arc::clone(&copies[number]), another(&code));
        async move { verify_with_code(&browser, EVE, &code).await }
    })
    .await;
    for reply in replies {
        assert_problem(&reply, 400, "invalid_code");
    }
    assert_eq!(app.database.texts("SELECT CAST(code_tries AS TEXT) FROM cloakroom_challenges").await, ["5"]);
    assert_problem(&verify_with_code(&browser, EVE, &code).await, 400, "invalid_code");
}

/// B11: twenty wrong codes a day for one address in one browser, over all its signups, each with a new mail
/// and from another network.
#[tokio::test]
async fn b11_an_address_gets_twenty_wrong_codes_a_day_in_one_browser() {
    let app = app_without_limits().await;
    let stranger = visitor(&app).await;
    for number in 0..5 {
        let browser = stranger.copy().at([127, 0, 0, 60 + number]);
        browser.signup("Eve@example.test", PASSWORD).await;
        let code = app.mail_to("Eve@example.test").await.code();
        for _ in 0..4 {
            assert_problem(&verify_with_code(&browser, EVE, &another(&code)).await, 400, "invalid_code");
        }
        if number == 0 {
            // A correct code for another address is refunded, and nothing more.
            let other = visitor(&app).await;
            other.signup("bob@example.test", PASSWORD).await;
            let code = app.mail_to("bob@example.test").await.code();
            assert_eq!(verify_with_code(&other, "bob@example.test", &code).await.status, 200);
        }
    }
    stranger.signup(EVE, PASSWORD).await;
    let mail = app.mail_to(EVE).await;
    assert_problem(&verify_with_code(&stranger, EVE, &mail.code()).await, 400, "invalid_code");
    app.advance(24 * HOUR);
    stranger.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    assert_eq!(verify_with_code(&stranger, EVE, &code).await.status, 200);
}

/// S9: wrong guesses by strangers do not lock the owner out, in the same network or elsewhere.
#[tokio::test]
async fn finding_s9_wrong_codes_in_other_browsers_leave_the_owners_code_good() {
    let app = app_without_limits().await;
    for _ in 0..5 {
        let stranger = visitor(&app).await;
        stranger.signup(EVE, PASSWORD).await;
        let code = app.mail_to(EVE).await.code();
        for _ in 0..4 {
            assert_problem(&verify_with_code(&stranger, EVE, &another(&code)).await, 400, "invalid_code");
        }
    }
    let owner = visitor(&app).await;
    owner.signup(EVE, PASSWORD).await;
    let code = app.mail_to(EVE).await.code();
    assert_eq!(verify_with_code(&owner, EVE, &code).await.status, 200);
}

/// S9: new browsers are cheap, so one network gets half of the total for all networks, and both counts have
/// an end.
#[tokio::test]
async fn finding_s9_b11_wrong_codes_are_limited_over_all_browsers() {
    for (key, other) in [("code-from", 200), ("code-ceiling", 400)] {
        let app = app_without_limits().await;
        let stranger = visitor(&app).await;
        stranger.signup(EVE, PASSWORD).await;
        let code = app.mail_to(EVE).await.code();
        assert_problem(&verify_with_code(&stranger, EVE, &another(&code)).await, 400, "invalid_code");
        let many = format!("UPDATE cloakroom_limits SET count = 200 WHERE key LIKE '{key}%'");
        assert_eq!(app.database.change(&many).await, 1);
        for (address, status) in [([127, 0, 0, 60], 400), ([127, 9, 9, 60], other)] {
            let browser = visitor(&app).await.at(address);
            browser.signup(EVE, PASSWORD).await;
            let code = app.mail_to(EVE).await.code();
            assert_eq!(verify_with_code(&browser, EVE, &code).await.status, status, "{key} {address:?}");
        }
    }
}
