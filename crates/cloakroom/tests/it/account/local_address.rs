//! Email addresses that exist in one network only, such as `root@localhost` (finding S17).

use axum::Router;
use cloakroom::administration::Rank;
use cloakroom::testing::{Kind, PASSWORD, Person, TestApp};
use cloakroom::{Config, Error};
use serde_json::json;

use crate::support::app::{app_with, app_without_limits};
use crate::support::calls::{change_email, request_reset, sign_up, verify};
use crate::support::people::{ADA, visitor};
use crate::support::social_app::{outcome, social_app};

const LOCAL: [&str; 6] =
    ["a@127.0.0.1", "a@com", "root@localhost", "a@10.0.0.0x7", "a@1\u{3002}2", "ROOT@LocalHost"];

fn allow(config: &mut Config) {
    config.mail.allow_local = true;
}

#[tokio::test]
async fn finding_s17_no_new_address_is_local() {
    let app = app_without_limits().await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    let social = social_app().await;
    let noor = social.visitor().await;
    let reply = social.sign_in(&noor, Kind::GitHub, &Person::without_email("noor")).await;
    assert_eq!(outcome(&reply), "email_required");
    for email in LOCAL {
        let replies = [
            visitor(&app).await.signup(email, PASSWORD).await,
            change_email(&ada, email).await,
            noor.post("/api/social/email/", &json!({"email": email})).await,
        ];
        for reply in replies {
            assert_eq!(reply.status, 422, "{email}: {}", reply.text);
            assert_eq!(reply.json()["errors"][0]["field"], "email");
            assert_eq!(reply.json()["errors"][0]["code"], "invalid");
        }
        let added = app.cloakroom.administration().add(email, PASSWORD, Rank::Plain).await;
        let invited = app.cloakroom.administration().invite(email, Rank::Plain, "en").await;
        for refused in [added, invited] {
            match refused {
                Err(Error::Validation(fields)) => {
                    assert!(fields[0].detail.contains("mail.allow_local"), "{}", fields[0].detail);
                }
                other => panic!("{email}: {other:?}"),
            }
        }
    }
    assert_eq!((app.mails().await.len(), social.mails().await.len()), (0, 0));
}

#[tokio::test]
async fn finding_s17_local_addresses_can_be_allowed() {
    let app = app_with(allow).await;
    let browser = visitor(&app).await;
    let token = sign_up(&app, &browser, "root@localhost", PASSWORD).await;
    assert_eq!(verify(&browser, &token).await.status, 200);
    app.add("a@127.0.0.1", Rank::Plain).await;
}

/// Existing accounts with such an address keep working, and the refusal depends on the form of the address
/// alone, so it reveals no account.
#[tokio::test]
async fn finding_s17_an_account_that_has_a_local_address_goes_on_working() {
    let app = app_with(allow).await;
    app.add("root@localhost", Rank::Plain).await;
    let mut config = app.cloakroom.config().clone();
    config.mail.allow_local = false;
    let strict = TestApp::with(config, Router::new()).await;
    assert_eq!(visitor(&strict).await.login("root@localhost", PASSWORD).await.status, 200);
    for email in ["root@localhost", "nobody@localhost"] {
        assert_eq!(visitor(&strict).await.signup(email, PASSWORD).await.status, 422, "{email}");
        assert_eq!(request_reset(&visitor(&strict).await, email).await.status, 202, "{email}");
    }
    assert_eq!(strict.mails().await.len(), 1);
}
