//! Actions of an administrator, each with its event.

use cloakroom::administration::{Actor, NewAccount, Rank};
use cloakroom::testing::PASSWORD;
use serde_json::json;

use crate::support::app::app;
use crate::support::events::{json, newest, of_type, types};
use crate::support::people::{ADA, EVE, NEW};

#[tokio::test]
async fn each_act_is_recorded_with_who_did_it_and_to_whom() {
    let app = app().await;
    let cli = app.cloakroom.administration().by(Actor::cli("operator"));
    let ada = cli.add(ADA, PASSWORD, Rank::Staff).await.unwrap();
    let event = newest(&app).await;
    assert_eq!(
        json(&event),
        json!({
            "id": event.id, "at": event.at, "type": "user.made", "outcome": "ok",
            "actor": {"kind": "cli", "id": null, "label": "operator"}, "as": null,
            "target": {"kind": "user", "id": ada.id, "label": ADA},
            "network": null, "device": null, "session_id": null, "request_id": null, "count": 1,
            "data": {"is_staff": true, "is_superuser": false},
        })
    );
    cli.set_rank(ADA, Rank::Superuser).await.unwrap();
    let rights = json!({
        "is_staff": {"before": true, "after": true}, "is_superuser": {"before": false, "after": true},
    });
    assert_eq!(json(&newest(&app).await)["data"], rights);
    cli.set_password(ADA, NEW).await.unwrap();
    cli.set_active(ADA, false).await.unwrap();
    cli.set_active(ADA, true).await.unwrap();
    cli.invite(EVE, Rank::Plain, "en").await.unwrap();
    cli.end_all_sessions().await.unwrap();
    assert_eq!(json(&newest(&app).await)["data"], json!({"ended": 0}));
    cli.delete(ADA).await.unwrap();
    let expected = [
        "user.made",
        "user.rights_changed",
        "password.set",
        "user.deactivated",
        "user.activated",
        "user.invited",
        "sessions.revoked",
        "user.deleted",
    ];
    assert_eq!(types(&app).await, expected);
    let deleted = of_type(&app, "user.deleted").await.remove(0);
    assert_eq!(json(&deleted)["target"], json!({"kind": "user", "id": ada.id, "label": null}));
}

#[tokio::test]
async fn an_act_that_changes_nothing_is_no_event() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let administration = app.cloakroom.administration();
    administration.set_active(ADA, true).await.unwrap();
    administration.set_rank(ADA, Rank::Plain).await.unwrap();
    administration.add(ADA, PASSWORD, Rank::Plain).await.unwrap_err();
    administration.delete(EVE).await.unwrap_err();
    assert_eq!(types(&app).await, ["user.made"]);
}

#[tokio::test]
async fn an_app_acts_as_a_service_until_it_says_who_acts() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    let actor = |event: &cloakroom::audit::EventView| json(event)["actor"].clone();
    assert_eq!(actor(&newest(&app).await), json!({"kind": "service", "id": null, "label": null}));
    app.cloakroom.administration().by(Actor::service("billing")).set_active(ADA, false).await.unwrap();
    assert_eq!(actor(&newest(&app).await), json!({"kind": "service", "id": null, "label": "billing"}));
}

#[tokio::test]
async fn of_several_accounts_added_at_once_the_events_keep_their_order() {
    let app = app().await;
    let emails: Vec<String> = (0..20).map(|number| format!("p{number:02}@example.test")).collect();
    let people: Vec<_> = emails.iter().map(|email| NewAccount::new(email, PASSWORD)).collect();
    app.cloakroom.administration().add_all(&people[..3]).await.unwrap();
    let made = of_type(&app, "user.made").await;
    let labels: Vec<_> = made.iter().rev().filter_map(|event| event.target.clone()?.label).collect();
    assert_eq!(labels, emails[..3]);
}

#[tokio::test]
async fn a_start_is_recorded() {
    let app = app().await;
    let started = newest(&app).await;
    assert_eq!((started.event_type.as_str(), started.actor.kind.as_str()), ("server.started", "system"));
}
