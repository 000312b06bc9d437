//! Accounts as an administrator reads them.

use cloakroom::User;
use cloakroom::administration::Rank;

use crate::support::app::app;

#[tokio::test]
async fn finding_r6_pages_hold_every_account_once_and_the_oldest_first() {
    let app = app().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(app.add(&format!("p{number}@example.test"), Rank::Plain).await.id);
    }
    for limit in [1, 3, 7, 8] {
        let (mut read, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = app.cloakroom.administration().accounts(after.as_deref(), limit).await.unwrap();
            assert!(page.accounts.len() <= usize::from(limit) && !page.accounts.is_empty());
            read.extend(page.accounts.into_iter().map(|account| account.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(read, made, "{limit}");
    }
}

#[tokio::test]
async fn finding_v17_an_account_is_found_by_its_id_and_by_its_address() {
    let app = app().await;
    let ada = app.add("ada@example.test", Rank::Staff).await;
    let administration = app.cloakroom.administration();
    assert_eq!(administration.show(&ada.id).await.unwrap().email, "ada@example.test");
    administration.set_rank(&ada.id, Rank::Plain).await.unwrap();
    let shown = administration.show("ADA@example.test").await.unwrap();
    assert_eq!((shown.id.as_str(), shown.is_staff), (ada.id.as_str(), false));
    let user = User::from(&shown);
    assert_eq!((user.id, user.email, user.has_password), (ada.id, ada.email, true));
    assert!(administration.show("nobody").await.is_err());
}
