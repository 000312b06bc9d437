//! The reply to a request for a reset reveals nothing about accounts (E04).

use cloakroom::administration::Rank;
use serde_json::json;

use crate::support::calls::request_reset;
use crate::support::people::{ADA, EVE, app_with_ada, app_with_ada_mailing_to, visitor};
use crate::support::replies::seen;
use crate::support::smtp_sink::SmtpSink;
use crate::support::timing::assert_alike;

#[tokio::test]
async fn e04_every_request_gets_the_same_reply_and_only_an_account_gets_mail() {
    let app = app_with_ada().await;
    for email in ["alan@example.test", "social@example.test"] {
        app.add(email, Rank::Plain).await;
    }
    app.cloakroom.administration().set_active("alan@example.test", false).await.unwrap();
    app.database.change("UPDATE cloakroom_users SET password_hash = NULL WHERE email LIKE 'social%'").await;
    let browser = visitor(&app).await;
    let unknown = request_reset(&browser, "nobody@example.test").await;
    assert_eq!(unknown.status, 202, "{}", unknown.text);
    for (email, gets_mail) in [
        (ADA, true),
        ("Ada@EXAMPLE.test", true),
        ("alan@example.test", false),
        ("social@example.test", true),
        (EVE, false),
    ] {
        let before = app.mails().await.len();
        assert_eq!(seen(&request_reset(&browser, email).await), seen(&unknown), "{email}");
        assert_eq!(app.mails().await.len() - before, usize::from(gets_mail), "{email}");
    }
    // Unknown addresses leave as many rows as known ones.
    assert_eq!(app.database.rows("challenges").await, 5);
}

#[tokio::test]
async fn e04_response_times_reveal_nothing_with_the_mail_server_up_down_or_slow() {
    let mut sink = SmtpSink::start(&json!({}));
    let app = app_with_ada_mailing_to(&sink).await;
    app.add("alan@example.test", Rank::Plain).await;
    app.cloakroom.administration().set_active("alan@example.test", false).await.unwrap();
    app.add("social@example.test", Rank::Plain).await;
    app.database.change("UPDATE cloakroom_users SET password_hash = NULL WHERE email LIKE 'social%'").await;
    let browser = visitor(&app).await;
    for (what, behaviour) in [
        ("up", json!({"behaviour": "accept"})),
        ("down", json!({"behaviour": "drop", "at": "connect"})),
        ("a tarpit", json!({"behaviour": "hang", "at": "mail"})),
    ] {
        sink.behave(&behaviour);
        let kinds = [ADA, "nobody@example.test", "alan@example.test", "social@example.test"];
        assert_alike(what, &kinds, async |email| {
            assert_eq!(request_reset(&browser, email).await.status, 202);
        })
        .await;
    }
}
