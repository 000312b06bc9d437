//! Mails that tell the owner what an administrator did to the account (`flow/admin/administration.rs`).

use cloakroom::administration::Rank;
use serde_json::json;

use crate::support::people::{ADA, NEW, app_with_ada, visitor};

#[tokio::test]
async fn finding_s20_an_administrators_acts_are_reported_by_mail() {
    let app = app_with_ada().await;
    let cloakroom = &app.cloakroom;
    let last = async || app.mail_to(ADA).await.subject;
    cloakroom.administration().set_password(ADA, NEW).await.unwrap();
    assert_eq!(last().await, "Your Acme password was replaced");
    assert!(!app.mail_to(ADA).await.text.contains(NEW));
    cloakroom.administration().set_rank(ADA, Rank::Staff).await.unwrap();
    assert_eq!(last().await, "Your Acme account has more permissions");
    cloakroom.administration().set_rank(ADA, Rank::Plain).await.unwrap();
    assert_eq!(last().await, "Your Acme account has fewer permissions");
    cloakroom.administration().set_active(ADA, false).await.unwrap();
    assert_eq!(last().await, "Your Acme account was deactivated");
    cloakroom.administration().set_active(ADA, true).await.unwrap();
    assert_eq!(last().await, "Your Acme account is active again");
    let before = app.mails().await.len();
    cloakroom.administration().set_active(ADA, true).await.unwrap();
    cloakroom.administration().set_rank(ADA, Rank::Plain).await.unwrap();
    assert_eq!(app.mails().await.len(), before, "nothing has changed, so there is nothing to tell");
    cloakroom.administration().delete(ADA).await.unwrap();
    assert_eq!(last().await, "Your Acme account was deleted");
    assert_eq!(app.database.rows("outbox").await, 0);
    let again = visitor(&app).await.post("/api/password/reset/", &json!({"email": ADA})).await;
    assert_eq!(again.status, 202);
    assert_eq!(app.mails().await.len(), before + 1, "the last mail is the last one");
}
