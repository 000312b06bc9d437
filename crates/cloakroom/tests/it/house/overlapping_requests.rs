//! Overlapping requests: each test stops one at a dangerous point inside its transaction, lets another one
//! arrive, and checks the result (`store/`, all transactions of `flow/` and `jobs/`; security cases O20, R03,
//! S03, S18, T06, M03).
//!
//! On Postgres a statement sees what was committed when it began, so a delete does not see what another
//! transaction is adding. On SQLite the same requests run one after the other and must have the same result.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cloakroom::administration::Rank;
use cloakroom::config::PipelineStep;
use cloakroom::pipeline::{Facts, Step, Verdict};
use cloakroom::testing::{Browser, FakeProvider, Kind, PASSWORD, Person, Reply, TestApp};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::app::App;
use crate::support::calls::{
    CONFIRM_EMAIL, PROFILE, UNDO_EMAIL, change_email, change_password, confirm_reset, reauthenticate,
    request_reset, reset_token, with_token,
};
use crate::support::concurrency::{REVOCATION_DEADLINE, within};
use crate::support::database::Database;
use crate::support::people::{ADA, NEW, app_with_ada, visitor};
use crate::support::social_app::{SocialApp, outcome, providers, social_app};

const LOGOUT: &str = "/api/logout/";
const LOGOUT_ALL: &str = "/api/logout/all/";

/// Sends a request without waiting for its reply.
fn send<F>(request: impl FnOnce(Arc<Browser>) -> F, browser: &Arc<Browser>) -> JoinHandle<Reply>
where
    F: Future<Output = Reply> + Send + 'static,
{
    tokio::spawn(request(Arc::clone(browser)))
}

async fn post(browser: Arc<Browser>, path: &str) -> Reply {
    browser.post(path, &json!({})).await
}

/// S18: a sign-out everywhere also ends a session that a concurrent change of password is renewing.
#[tokio::test]
async fn s18_a_sign_out_everywhere_ends_a_session_that_is_being_renewed() {
    let app = app_with_ada().await;
    let (owner, thief) = (Arc::new(app.signed_in(ADA).await), Arc::new(app.signed_in(ADA).await));
    let lock = app.database.lock_table("outbox").await;
    let change = send(async |thief| change_password(&thief, PASSWORD, NEW).await, &thief);
    app.database.until_waiting(1).await;
    let out = send(async |owner| post(owner, LOGOUT_ALL).await, &owner);
    app.database.until_waiting(2).await;
    lock.release().await;
    let (changed, out) = (change.await.unwrap(), out.await.unwrap());
    assert!(changed.status == 200 || out.status == 200, "{} {}", changed.text, out.text);
    if out.status == 200 {
        assert_eq!((thief.get(PROFILE).await.status.as_u16(), app.database.rows("sessions").await), (401, 0));
    } else {
        assert!(app.database.is_sqlite(), "{}", out.text);
    }
}

/// S03, S18: a sign-out that was sent before its session got a new ticket still ends the session, on every
/// node.
#[tokio::test]
async fn s03_s18_a_concurrent_sign_out_ends_the_renewed_session() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    for way in ["reauthenticate", "change"] {
        let ada = app.signed_in(ADA).await;
        let slow = ada.copy();
        let reply = match way {
            "change" => change_password(&ada, PASSWORD, NEW).await,
            _ => reauthenticate(&ada, PASSWORD).await,
        };
        assert_eq!(reply.status, 200, "{way}: {}", reply.text);
        let there = node.browser();
        there.plant("sessionid", &ada.cookie("sessionid").unwrap());
        assert_eq!(there.get(PROFILE).await.status, 200, "{way}");
        assert_eq!(slow.get(PROFILE).await.status, 401, "{way}: the ticket before opens nothing");
        assert_eq!(slow.post(LOGOUT, &json!({})).await.status, 200, "{way}");
        assert_eq!(ada.get(PROFILE).await.status, 401, "{way}");
        within(REVOCATION_DEADLINE, async || there.get(PROFILE).await.status == 401).await;
        assert_eq!(app.database.rows("sessions").await, 0, "{way}");
    }
}

/// A sign-out and a reauthentication at once, in either order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s18_a_sign_out_wins_over_a_concurrent_reauthentication() {
    let app = app_with_ada().await;
    for round in 0..6 {
        let ada = Arc::new(app.signed_in(ADA).await);
        let slow = Arc::new(ada.copy());
        let lock = app.database.lock_table("sessions").await;
        let proven = send(async |ada| reauthenticate(&ada, PASSWORD).await, &ada);
        app.database.until_waiting(1).await;
        let out = send(async |slow| post(slow, LOGOUT).await, &slow);
        app.database.until_waiting(2).await;
        lock.release().await;
        assert_eq!(out.await.unwrap().status, 200, "round {round}");
        let proven = proven.await.unwrap();
        assert!(matches!(proven.status.as_u16(), 200 | 401), "round {round}: {}", proven.text);
        assert_eq!(ada.get(PROFILE).await.status, 401, "round {round}");
        assert_eq!(app.database.rows("sessions").await, 0, "round {round}");
    }
}

/// A sign-in ends the session of its browser, even if that session got a new ticket meanwhile.
#[tokio::test]
async fn s01_a_concurrent_sign_in_ends_the_renewed_session() {
    let app = app_with_ada().await;
    app.add("grace@example.test", Rank::Plain).await;
    let ada = app.signed_in(ADA).await;
    let slow = ada.copy();
    assert_eq!(reauthenticate(&ada, PASSWORD).await.status, 200);
    assert_eq!(slow.login("grace@example.test", PASSWORD).await.status, 200);
    assert_eq!(ada.get(PROFILE).await.status, 401);
    assert_eq!(app.database.rows("sessions").await, 1);
}

/// S18: the session that confirms a link is signed out while the link is being written.
#[tokio::test]
async fn s18_a_sign_out_wins_over_a_concurrent_link() {
    let app = social_app().await;
    app.add(ADA, Rank::Plain).await;
    let ada = Arc::new(app.visitor().await);
    assert_eq!(outcome(&app.sign_in(&ada, Kind::GitHub, &Person::verified(ADA)).await), "link_required");
    assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
    let slow = Arc::new(ada.copy());
    let lock = app.database.lock_table("outbox").await;
    let linked = send(async |ada| post(ada, "/api/social/link/").await, &ada);
    app.database.until_waiting(1).await;
    let out = send(async |slow| post(slow, LOGOUT).await, &slow);
    app.database.until_waiting(2).await;
    lock.release().await;
    assert_eq!(out.await.unwrap().status, 200);
    linked.await.unwrap();
    assert_eq!(ada.get(PROFILE).await.status, 401);
    assert_eq!(app.database.rows("sessions").await, 0);
}

/// R03: an account is deleted while a reset is requested, with and without an earlier one. Neither waits for
/// the other, and nothing remains.
#[tokio::test]
async fn r03_a_deletion_and_a_reset_never_wait_for_each_other() {
    let app = Arc::new(app_with_ada().await);
    for is_first in [true, false] {
        reset_token(&app, ADA).await;
        let browser = Arc::new(visitor(&app).await);
        let lock = app.database.lock_rows_of("users").await;
        let delete = {
            let app = Arc::clone(&app);
            async move { app.cloakroom.administration().delete(ADA).await }
        };
        let ask = async |browser: Arc<Browser>| request_reset(&browser, ADA).await;
        let (deleted, asked) = if is_first {
            let deleted = tokio::spawn(delete);
            app.database.until_waiting(1).await;
            (deleted, send(ask, &browser))
        } else {
            let asked = send(ask, &browser);
            app.database.until_waiting(1).await;
            (tokio::spawn(delete), asked)
        };
        app.database.until_waiting(2).await;
        lock.release().await;
        deleted.await.unwrap().unwrap();
        let asked = asked.await.unwrap();
        assert_eq!(asked.status, 202, "{}", asked.text);
        assert_eq!(
            app.database.texts("SELECT id FROM cloakroom_challenges WHERE user_id IS NOT NULL").await.len(),
            0
        );
        app.add(ADA, Rank::Plain).await;
    }
}

/// T06: an undo mails a link while a reset is requested. Only the newer link works.
#[tokio::test]
async fn t06_a_concurrent_undo_and_reset_leave_one_link() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(change_email(&ada, "ada@elsewhere.test").await.status, 202);
    let (confirm, undo) = (app.mail_to("ada@elsewhere.test").await.token(), app.mail_to(ADA).await.token());
    assert_eq!(with_token(&ada, CONFIRM_EMAIL, &confirm).await.status, 200);
    let others = [Arc::new(visitor(&app).await), Arc::new(visitor(&app).await)];
    let lock = app.database.lock_table("outbox").await;
    let undone = send(async move |other| with_token(&other, UNDO_EMAIL, &undo).await, &others[0]);
    app.database.until_waiting(1).await;
    let asked = send(async |other| request_reset(&other, ADA).await, &others[1]);
    app.database.until_waiting(2).await;
    lock.release().await;
    assert_eq!((undone.await.unwrap().status.as_u16(), asked.await.unwrap().status.as_u16()), (200, 202));
    let links = "SELECT user_id FROM cloakroom_challenges WHERE kind = 'password_reset'";
    assert_eq!(app.database.texts(links).await.len(), 1);
}

/// A change of address and a repeated reset at the old address run at once, and both succeed.
#[tokio::test]
async fn a_change_of_address_and_a_reset_never_wait_for_each_other() {
    let app = app_with_ada().await;
    for (from, to) in [(ADA, "ada@elsewhere.test"), ("ada@elsewhere.test", ADA)] {
        let ada = Arc::new(app.signed_in(from).await);
        assert_eq!(change_email(&ada, to).await.status, 202);
        let confirm = app.mail_to(to).await.token();
        reset_token(&app, from).await;
        let browser = Arc::new(visitor(&app).await);
        let lock = app.database.lock_rows_of("users").await;
        let changed = send(async move |ada| with_token(&ada, CONFIRM_EMAIL, &confirm).await, &ada);
        app.database.until_waiting(1).await;
        let asked = send(async move |browser| request_reset(&browser, from).await, &browser);
        app.database.until_waiting(2).await;
        lock.release().await;
        let (changed, asked) = (changed.await.unwrap(), asked.await.unwrap());
        assert_eq!(
            (changed.status.as_u16(), asked.status.as_u16()),
            (200, 202),
            "{} {}",
            changed.text,
            asked.text
        );
        for mail in app.mails().await.iter().filter(|mail| mail.text.contains("/reset-password#token=")) {
            assert_eq!(confirm_reset(&visitor(&app).await, &mail.token(), NEW).await.code(), "token_invalid");
        }
    }
}

/// M03: rights are taken and given at the same moment. That counts as a rise, so no session keeps its ticket.
#[tokio::test]
async fn m03_rights_taken_and_given_at_once_end_every_session() {
    let app = Arc::new(app_with_ada().await);
    app.cloakroom.administration().set_rank(ADA, Rank::Staff).await.unwrap();
    let ada = app.signed_in(ADA).await;
    let lock = app.database.lock_rows_of("users").await;
    let set = |rank| {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.cloakroom.administration().set_rank(ADA, rank).await })
    };
    let taken = set(Rank::Plain);
    app.database.until_waiting(1).await;
    let given = set(Rank::Staff);
    app.database.until_waiting(2).await;
    lock.release().await;
    taken.await.unwrap().unwrap();
    given.await.unwrap().unwrap();
    let account = app.cloakroom.administration().show(ADA).await.unwrap();
    // On SQLite the demotion may run second.
    assert!(!account.is_staff || ada.get(PROFILE).await.status == 401);
}

/// A sweep deletes what nobody is using and leaves the rest for the next run. It never blocks anybody.
#[tokio::test]
async fn l25_a_sweep_waits_for_nobody() {
    let tables = ["sessions", "browsers", "challenges"];
    for used in tables {
        let app = app_with_ada().await;
        app.signed_in(ADA).await;
        assert_eq!(visitor(&app).await.signup("new@example.test", PASSWORD).await.status, 202);
        app.mails().await;
        app.advance(Duration::from_hours(401 * 24));
        if !app.database.is_sqlite() {
            let lock = app.database.lock_rows_of(used).await;
            app.sweep().await;
            for table in tables {
                assert_eq!(app.database.rows(table).await, usize::from(table == used), "{used}: {table}");
            }
            lock.release().await;
        }
        app.sweep().await;
        for table in tables {
            assert_eq!(app.database.rows(table).await, 0, "{used}: {table}");
        }
    }
}

/// A pipeline step of the embedding app that changes the account while it runs.
struct Meanwhile {
    database: String,
    sql: &'static str,
    verdict: Verdict,
}

impl Step for Meanwhile {
    fn name(&self) -> &'static str {
        "meanwhile"
    }

    fn decide<'a>(&'a self, _: &'a Facts) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(async move {
            Database::change_at(&self.database, self.sql).await;
            self.verdict.clone()
        })
    }
}

/// An app with that step before `create_user`, after the steps in `before`.
async fn app_with_meanwhile(before: &[&str], sql: &'static str, verdict: Verdict) -> SocialApp {
    let providers = providers().await;
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    let settings: Vec<_> = providers.iter().map(FakeProvider::configuration).collect();
    config.provider = serde_json::from_value(Value::from(settings)).unwrap();
    let names =
        |names: &[&str]| names.iter().map(|name| PipelineStep::Named((*name).to_owned())).collect::<Vec<_>>();
    let mut steps = names(&["social_details", "social_uid", "auth_allowed", "social_user"]);
    steps.extend(names(before));
    steps.push(PipelineStep::Own { own: "meanwhile".to_owned() });
    steps.extend(names(&["create_user", "associate_user", "user_details"]));
    config.pipeline.steps = steps;
    let meanwhile = Meanwhile { database: database.url.clone(), sql, verdict };
    let app = TestApp::with_steps(config, Router::new(), &[Arc::new(meanwhile)]).await;
    SocialApp::over(App { app, database }, providers)
}

/// O20: an account was found by its address, and then got another one. Whoever has the old address now does
/// not join it.
#[tokio::test]
async fn o20_an_account_whose_address_changed_meanwhile_is_not_joined() {
    let sql =
        "UPDATE cloakroom_users SET email = 'ada@elsewhere.test', email_canonical = 'ada@elsewhere.test'
               WHERE email_canonical = 'ada@example.test' AND password_hash IS NOT NULL";
    let app = app_with_meanwhile(&["associate_by_verified_email"], sql, Verdict::Continue).await;
    let ada = app.add(ADA, Rank::Plain).await;
    let reply = app.sign_in(&app.visitor().await, Kind::GitHub, &Person::verified(ADA)).await;
    assert_eq!(outcome(&reply), "signed_up", "{}", reply.text);
    assert_ne!(reply.json()["user"]["id"], json!(ada.id));
    assert_eq!(
        app.database
            .texts(&format!("SELECT id FROM cloakroom_identities WHERE user_id = '{}'", ada.id))
            .await
            .len(),
        0
    );
}

/// R03: no challenge begins for an account that was deleted or deactivated meanwhile, and no request fails
/// with a 5xx.
#[tokio::test]
async fn r03_nothing_waits_for_an_account_that_is_gone() {
    for sql in ["DELETE FROM cloakroom_users", "UPDATE cloakroom_users SET is_active = FALSE"] {
        let app = app_with_meanwhile(&[], sql, Verdict::Pause(json!({}))).await;
        app.add(ADA, Rank::Plain).await;
        let ada = app.visitor().await;
        assert_eq!(ada.login(ADA, PASSWORD).await.status, 200);
        let reply = app.link(&ada, Kind::GitHub, &Person::verified(ADA)).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.code()),
            (403, "account_inactive"),
            "{sql}: {}",
            reply.text
        );
        assert_eq!(app.database.rows("challenges").await, 0, "{sql}");
    }
}
