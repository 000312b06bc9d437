//! Searches for events: filters, pages, and their order.

use std::time::Duration;

use cloakroom::administration::{Actor, Rank};
use cloakroom::audit::Filter;

use crate::support::app::{App, app};
use crate::support::events::chosen;
use crate::support::people::{ADA, EVE};

/// Two people with a history: Ada is deactivated and activated by Eve.
async fn app_with_history() -> (App, String, String) {
    let app = app().await;
    let administration = app.cloakroom.administration();
    let ada = app.add(ADA, Rank::Plain).await.id;
    let eve = app.add(EVE, Rank::Superuser).await.id;
    let user = eve_as_user(&app).await;
    let by_eve = administration.by(Actor::user(&user));
    by_eve.set_active(ADA, false).await.unwrap();
    app.advance(Duration::from_hours(1));
    by_eve.set_active(ADA, true).await.unwrap();
    (app, ada, eve)
}

async fn eve_as_user(app: &App) -> cloakroom::User {
    let shown = app.cloakroom.administration().show(EVE).await.unwrap();
    (&shown).into()
}

async fn found(app: &App, choose: impl FnOnce(&mut Filter)) -> Vec<String> {
    chosen(app, choose).await.into_iter().map(|event| event.event_type).collect()
}

#[tokio::test]
async fn each_filter_finds_what_fits() {
    let (app, ada, eve) = app_with_history().await;
    let of_ada = ["user.activated", "user.deactivated", "user.made"];
    for target in [ADA, &ada] {
        assert_eq!(found(&app, |filter| filter.target = Some(target.to_owned())).await, of_ada);
    }
    let by_eve = found(&app, |filter| filter.actor = Some(EVE.to_owned())).await;
    assert_eq!(by_eve[..2], of_ada[..2]);
    assert!(!by_eve.contains(&"user.made".to_owned()), "{by_eve:?}");
    let both = found(&app, |filter| {
        filter.actor = Some(eve.clone());
        filter.types = vec!["user.activated".to_owned()];
    });
    assert_eq!(both.await, of_ada[..1]);
    let of_types = |types: &[&str]| types.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let some = found(&app, |filter| filter.types = of_types(&["user.made", "user.activated"])).await;
    assert_eq!(some, ["user.activated", "user.made", "user.made"]);
    let all = found(&app, |filter| filter.types = of_types(&["user.*"])).await;
    assert_eq!(all, ["user.activated", "user.deactivated", "user.made", "user.made"]);
    let text = async |text: &str| found(&app, |filter| filter.text = Some(text.to_owned())).await.len();
    assert_eq!(text("ADA@Ex").await, 3);
    assert_eq!(text("a%").await, 0);
    assert_eq!(text(&ada).await, 3);
    assert!(text("@example.test").await >= 4);
    assert_eq!(text("@example").await, 0);
}

#[tokio::test]
async fn since_and_until_bound_the_time() {
    let (app, ada, _) = app_with_history().await;
    let all = chosen(&app, |filter| filter.target = Some(ada.clone())).await;
    let activated_at = all[0].at;
    let since = found(&app, |filter| {
        filter.target = Some(ada.clone());
        filter.since = Some(activated_at);
    });
    assert_eq!(since.await, ["user.activated"]);
    let until = found(&app, |filter| {
        filter.target = Some(ada.clone());
        filter.until = Some(activated_at);
    });
    assert_eq!(until.await, ["user.deactivated", "user.made"]);
}

#[tokio::test]
async fn pages_stay_as_they_are_while_events_are_added() {
    let (app, ..) = app_with_history().await;
    let audit = app.cloakroom.audit();
    for types in [vec![], vec!["user.*".to_owned()]] {
        let mut filter = Filter::default();
        filter.types = types;
        let all = audit.list(&filter, None, 200).await.unwrap();
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let page = audit.list(&filter, after.as_deref(), 2).await.unwrap();
            app.cloakroom.administration().set_rank(ADA, Rank::Staff).await.unwrap();
            app.cloakroom.administration().set_rank(ADA, Rank::Plain).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            read.extend(page.into_iter().map(|event| event.id));
        }
        assert_eq!(read, all.into_iter().map(|event| event.id).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn invalid_filters_are_refused() {
    let app = app().await;
    let audit = app.cloakroom.audit();
    for (types, actor, limit) in [
        (vec!["sign_in.okay"], None, 50),
        (vec!["*"], None, 50),
        (vec!["sign_*"], None, 50),
        (vec![], Some("nobody@example.test"), 50),
        (vec![], None, 0),
        (vec![], None, 201),
    ] {
        let mut filter = Filter::default();
        filter.types = types.iter().map(|&name| name.to_owned()).collect();
        filter.actor = actor.map(str::to_owned);
        let refused = audit.list(&filter, None, limit).await;
        assert!(matches!(refused, Err(cloakroom::Error::Validation(_))), "{types:?} {actor:?} {limit}");
    }
}
