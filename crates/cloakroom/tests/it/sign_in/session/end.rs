//! Ends of a session, and proof that it stays ended (S04 to S10, S15, S18).

use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::config::Lifetime;
use cloakroom::testing::PASSWORD;
use serde_json::json;

use super::{DAY, GRACE, MINUTE, app_with_ada, assert_dead, cookie_of, use_session};
use crate::support::app::app_with;
use crate::support::calls::PROFILE;
use crate::support::concurrency::at_once;
use crate::support::people::ADA;

#[tokio::test]
async fn s04_a_ticket_is_dead_after_its_logout() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let thief = ada.copy();
    assert_eq!(thief.get(PROFILE).await.status, 200);
    let reply = ada.post("/api/logout/", &json!({})).await;
    assert_eq!(reply.json()["detail"], "Logout Successful");
    assert_dead(&thief, "the copy").await;
    assert_eq!(ada.state().await, "anonymous");
    assert_eq!(app.database.rows("sessions").await, 0);
}

#[tokio::test]
async fn s04_a_dead_session_signs_out_as_well() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    let late = ada.copy();
    assert_eq!(ada.post("/api/logout/", &json!({})).await.status, 200);
    let reply = late.post("/api/logout/", &json!({})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["detail"]), (200, &json!("Logout Successful")));
    assert_eq!(late.cookie("sessionid"), None);
    assert_eq!(
        late.post("/api/logout/", &json!({})).await.status,
        200,
        "and once more, with no session at all"
    );
    assert_eq!(late.login(ADA, PASSWORD).await.status, 200);
}

/// A session that another process has ended is refused here after a sign-out or sign-in of that browser, even
/// if the revocation was missed.
#[tokio::test]
async fn s04_s15_a_presented_ticket_is_dead_here_whichever_node_ended_it() {
    let app = app_with_ada().await;
    for way in ["logout", "login"] {
        let ada = app.signed_in(ADA).await;
        let thief = ada.copy();
        assert_eq!(thief.get(PROFILE).await.status, 200, "{way}");
        app.database.change("DELETE FROM cloakroom_sessions").await;
        let reply = match way {
            "login" => ada.login(ADA, PASSWORD).await,
            _ => ada.post("/api/logout/", &json!({})).await,
        };
        assert_eq!(reply.status, 200, "{way}: {}", reply.text);
        assert_dead(&thief, way).await;
    }
}

#[tokio::test]
async fn s05_signing_out_everywhere_ends_every_session_of_the_user_and_no_other() {
    let app = app_with_ada().await;
    app.add(GRACE, Rank::Plain).await;
    let (here, there, elsewhere) =
        (app.signed_in(ADA).await, app.signed_in(ADA).await, app.signed_in(ADA).await);
    let grace = app.signed_in(GRACE).await;
    for browser in [&here, &there, &elsewhere, &grace] {
        assert_eq!(browser.get(PROFILE).await.status, 200);
    }
    let reply = here.post("/api/logout/all/", &json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    for browser in [&here, &there, &elsewhere] {
        assert_dead(browser, "a session of ada").await;
    }
    assert_eq!(grace.get(PROFILE).await.status, 200);
    assert_eq!(here.post("/api/logout/all/", &json!({})).await.code(), "not_authenticated");
}

#[tokio::test]
async fn s06_s07_another_password_ends_every_session() {
    let app = app_with_ada().await;
    let (one, two) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    assert_eq!(
        (one.get(PROFILE).await.status, two.get(PROFILE).await.status),
        (http::StatusCode::OK, http::StatusCode::OK)
    );
    app.cloakroom.administration().set_password(ADA, "another-horse-battery").await.unwrap();
    assert_dead(&one, "one").await;
    assert_dead(&two, "two").await;
    assert_eq!(one.login(ADA, PASSWORD).await.code(), "invalid_credentials");
    assert_eq!(one.login(ADA, "another-horse-battery").await.status, 200);
}

#[tokio::test]
async fn s08_a_deactivated_account_is_out_at_once_and_its_sessions_do_not_revive() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    app.cloakroom.administration().set_active(ADA, false).await.unwrap();
    assert_dead(&ada.copy(), "deactivated").await;
    assert_eq!(ada.copy().login(ADA, PASSWORD).await.code(), "account_inactive");
    app.cloakroom.administration().set_active(ADA, true).await.unwrap();
    assert_dead(&ada, "active again").await;
    assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn s08_a_row_of_a_deactivated_user_opens_nothing() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    // As a manual change in the database would: only the flag, and the session left in place.
    assert_eq!(app.database.change("UPDATE cloakroom_users SET is_active = FALSE").await, 1);
    app.advance(10 * Duration::from_secs(1));
    assert_eq!(app.database.rows("sessions").await, 1);
    assert_dead(&ada, "the flag is enough").await;
}

#[tokio::test]
async fn s08_a_deleted_account_leaves_nothing_that_opens_anything() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    app.cloakroom.administration().delete(ADA).await.unwrap();
    assert_dead(&ada, "deleted").await;
    assert_eq!(ada.login(ADA, PASSWORD).await.code(), "invalid_credentials");
    for table in ["users", "sessions", "browsers"] {
        assert_eq!(app.database.rows(table).await, 0, "{table}");
    }
    app.add(ADA, Rank::Plain).await;
    assert_eq!(ada.state().await, "anonymous", "a new account of that address is another one");
}

#[tokio::test]
async fn s09_a_session_that_is_not_used_ends_and_a_sign_out_clears_its_cookie() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    app.advance(13 * DAY);
    use_session(&app, &ada).await;
    app.advance(13 * DAY);
    use_session(&app, &ada).await;
    app.advance(14 * DAY + MINUTE);
    let ended = ada.copy();
    let reply = ended.get(PROFILE).await;
    assert_eq!(reply.code(), "not_authenticated");
    let reply = ended.get("/api/session/").await;
    assert_eq!((reply.status.as_u16(), &reply.json()["state"]), (200, &json!("anonymous")));
    assert!(reply.set_cookie("sessionid").is_none(), "a safe method never expires it: {:?}", reply.headers);
    // No sweep has run yet, and still the session is refused.
    assert_eq!(app.database.rows("sessions").await, 1);
    let reply = ended.post("/api/logout/", &json!({})).await;
    assert!(cookie_of(&reply, "sessionid").1.contains("max-age=0"));
    assert_eq!(ended.cookie("sessionid"), None);
    assert_eq!(ada.post("/api/logout/all/", &json!({})).await.code(), "not_authenticated");
}

#[tokio::test]
async fn s09_the_idle_end_holds_for_a_session_in_the_cache_too() {
    let app = app_with(|config| config.session.idle = Lifetime::from(Duration::from_secs(3))).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    app.advance(Duration::from_secs(4));
    assert_dead(&ada, "four seconds later").await;
}

#[tokio::test]
async fn s10_a_session_ends_however_much_it_is_used() {
    let app = app_with(|config| {
        config.session.idle = Lifetime::from_minutes(60);
        config.session.absolute = Lifetime::from_minutes(240);
    })
    .await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    for _ in 0..7 {
        app.advance(30 * MINUTE);
        use_session(&app, &ada).await;
    }
    app.advance(29 * MINUTE);
    let view = ada.get("/api/session/").await.json();
    assert_eq!(view["state"], "authenticated", "a minute before its end");
    app.advance(MINUTE);
    assert_dead(&ada, "after four hours").await;
}

/// Three of the five seconds for which the cache is trusted pass: the clock decides the end, not the cache.
#[tokio::test]
async fn s10_the_absolute_end_holds_for_a_session_in_the_cache_too() {
    let app = app_with(|config| config.session.absolute = Lifetime::from(Duration::from_secs(3))).await;
    app.add(ADA, Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    app.advance(Duration::from_secs(4));
    assert_dead(&ada, "four seconds later").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s18_no_concurrent_request_revives_a_signed_out_session() {
    let app = app_with_ada().await;
    for round in 0..5 {
        let ada = Arc::new(app.signed_in(ADA).await);
        // Long enough that each request has activity to record.
        app.advance(10 * MINUTE);
        let thieves: Vec<_> = (0..20).map(|_| Arc::new(ada.copy())).collect();
        let replies = at_once(20, |number| {
            let (ada, thief) = (Arc::clone(&ada), Arc::clone(&thieves[number]));
            async move {
                if number == 7 {
                    ada.post("/api/logout/", &json!({})).await
                } else {
                    thief.get(PROFILE).await
                }
            }
        })
        .await;
        for reply in replies {
            assert!(matches!(reply.status.as_u16(), 200 | 401), "round {round}: {}", reply.text);
        }
        for thief in &thieves {
            assert_eq!(thief.get(PROFILE).await.status, 401, "round {round}");
        }
        // The activity that was still to be recorded has found no row.
        app.sweep().await;
        assert_eq!(app.database.rows("sessions").await, 0, "round {round}");
    }
}
