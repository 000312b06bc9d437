//! Changes that void an open reset, and those that do not (T06, B10).

use std::sync::Arc;

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;

use super::CHECK;
use crate::support::app::app_with;
use crate::support::calls::{
    CONFIRM_EMAIL, change_email, change_password, confirm_reset, request_reset, reset_token, with_token,
};
use crate::support::concurrency::at_once;
use crate::support::people::{ADA, NEW, app_with_ada, can_sign_in, visitor, visitors};
use crate::support::replies::{assert_problem, seen};

/// T06: a change of password or address voids an open reset. An ordinary login does not, because the owner
/// may have requested the reset and then remembered the password.
#[tokio::test]
async fn t06_an_open_reset_does_not_survive_a_change_of_password_or_address() {
    let app = app_with_ada().await;
    let browser = visitor(&app).await;
    let first = reset_token(&app, ADA).await;
    let second = reset_token(&app, ADA).await;
    assert_problem(&confirm_reset(&browser, &first, NEW).await, 410, "token_invalid");
    let ada = app.signed_in(ADA).await;
    assert_eq!(with_token(&browser, CHECK, &second).await.status, 200, "a login leaves it");
    assert_eq!(change_password(&ada, PASSWORD, NEW).await.status, 200);
    assert_problem(&confirm_reset(&browser, &second, PASSWORD).await, 410, "token_invalid");

    let token = reset_token(&app, ADA).await;
    change_email(&ada, "ada@elsewhere.test").await;
    let change = app.mail_to("ada@elsewhere.test").await.token();
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &change).await.status, 200);
    assert_problem(&confirm_reset(&browser, &token, PASSWORD).await, 410, "token_invalid");

    let token = reset_token(&app, "ada@elsewhere.test").await;
    app.cloakroom.administration().set_password("ada@elsewhere.test", NEW).await.unwrap();
    assert_problem(&confirm_reset(&browser, &token, PASSWORD).await, 410, "token_invalid");

    let token = reset_token(&app, "ada@elsewhere.test").await;
    app.cloakroom.administration().set_active("ada@elsewhere.test", false).await.unwrap();
    app.cloakroom.administration().set_active("ada@elsewhere.test", true).await.unwrap();
    assert_problem(&confirm_reset(&browser, &token, PASSWORD).await, 410, "token_invalid");

    let token = reset_token(&app, "ada@elsewhere.test").await;
    app.cloakroom.administration().delete("ada@elsewhere.test").await.unwrap();
    app.add("ada@elsewhere.test", Rank::Plain).await;
    assert_problem(&confirm_reset(&browser, &token, NEW).await, 410, "token_invalid");
    assert!(can_sign_in(&app, "ada@elsewhere.test", PASSWORD).await);
}

/// Two resets are requested at once: only the newer link works.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t06_concurrent_resets_leave_one_valid_link() {
    let app = app_with_ada().await;
    let browsers = visitors(&app, 6).await;
    at_once(6, |number| {
        let browser = Arc::clone(&browsers[number]);
        async move { assert_eq!(request_reset(&browser, ADA).await.status, 202) }
    })
    .await;
    assert_eq!(app.database.rows("challenges").await, 1);
    let good = app.mails().await.into_iter().map(|mail| mail.token());
    let mut taken = 0;
    for token in good {
        taken += usize::from(with_token(&browsers[0], CHECK, &token).await.status == 200);
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn b10_a_reset_over_the_limit_does_not_void_the_previous_one() {
    let app = app_with(|config| config.limits.mail_per_address.count = 2).await;
    app.add(ADA, Rank::Plain).await;
    let browser = visitor(&app).await;
    let first = request_reset(&browser, ADA).await;
    app.mail_to(ADA).await;
    request_reset(&browser, ADA).await;
    let token = app.mail_to(ADA).await.token();
    for _ in 0..24 {
        assert_eq!(seen(&request_reset(&browser, ADA).await), seen(&first));
        app.mails().await;
    }
    assert_eq!(app.mails().await.len(), 2);
    assert_eq!(confirm_reset(&browser, &token, NEW).await.status, 200);
    assert_eq!(app.mails().await.len(), 3, "no limit keeps a warning back");
}
