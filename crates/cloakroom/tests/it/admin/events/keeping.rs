//! Retention of events, and how much of an address they keep (`[audit]`).

use std::time::Duration;

use cloakroom::administration::{Actor, Rank};
use cloakroom::config::{AddressDetail, Lifetime, Retention};
use serde_json::json;

use crate::support::app::{app, app_with};
use crate::support::calls::{change_password, request_reset};
use crate::support::events::{chosen, json, of_type, types};
use crate::support::people::{ADA, EVE, NEW, visitor};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn events_go_when_they_are_older_than_audit_keep() {
    let app = app_with(|config| config.audit.keep = Lifetime::from_days(30).into()).await;
    app.add(ADA, Rank::Plain).await;
    app.advance(29 * DAY);
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    app.sweep().await;
    assert_eq!(types(&app).await, ["user.made", "user.deactivated"]);
    app.advance(2 * DAY);
    app.sweep().await;
    assert_eq!(types(&app).await, ["user.deactivated"]);
}

#[tokio::test]
async fn zero_keeps_them_for_ever() {
    let keep = Retention::try_from("0s".to_owned()).unwrap();
    let app = app_with(|config| config.audit.keep = keep).await;
    app.add(ADA, Rank::Plain).await;
    app.advance(10_000 * DAY);
    app.sweep().await;
    assert_eq!(types(&app).await, ["user.made"]);
}

#[tokio::test]
async fn audit_address_says_how_much_of_a_network_is_kept() {
    for (address, expected) in [
        (AddressDetail::Full, json!("203.0.113.7")),
        (AddressDetail::Network, json!("203.0.113.0/24")),
        (AddressDetail::None, json!(null)),
    ] {
        let app = app_with(|config| config.audit.address = address).await;
        app.add(ADA, Rank::Plain).await;
        let page = visitor(&app).await.at([203, 0, 113, 7]);
        assert_eq!(request_reset(&page, ADA).await.status, 202);
        app.mails().await;
        let asked = of_type(&app, "password.reset_asked").await.remove(0);
        assert_eq!(json(&asked)["network"], expected, "{address:?}");
        let named = chosen(&app, |filter| filter.network = Some("203.0.113.7".to_owned())).await;
        assert_eq!(named.len(), usize::from(!expected.is_null()), "{address:?}");
    }
}

#[tokio::test]
async fn of_a_person_who_is_deleted_only_the_id_remains() {
    let app = app().await;
    let ada = app.add(ADA, Rank::Plain).await;
    app.add(EVE, Rank::Plain).await;
    let browser = app.signed_in(ADA).await.at([203, 0, 113, 7]);
    assert_eq!(change_password(&browser, cloakroom::testing::PASSWORD, NEW).await.status, 200);
    request_reset(&browser, ADA).await;
    app.mails().await;
    app.cloakroom.administration().by(Actor::cli("operator")).delete(ADA).await.unwrap();
    let about = chosen(&app, |filter| filter.target = Some(ada.id.clone())).await;
    assert!(about.len() >= 4, "{about:?}");
    for event in &about {
        assert_eq!(json(event)["target"], json!({"kind": "user", "id": ada.id, "label": null}));
        assert_eq!(event.network, None, "{event:?}");
    }
    let told = serde_json::to_string(&chosen(&app, |_| {}).await).unwrap();
    assert!(!told.contains(ADA) && told.contains(EVE) && told.contains("operator"), "{told}");
}
