//! An event and its effect are one transaction. The log and the metrics follow after the commit.

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;

use crate::support::app::{App, app};
use crate::support::events::types;
use crate::support::log_lines::LogLines;
use crate::support::people::ADA;

#[tokio::test]
async fn an_event_is_one_log_line_without_the_address() {
    let app = app().await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let ada = app.add(ADA, Rank::Plain).await;
    let told = lines.take_events().join("\n");
    let expected =
        format!("message=account added event=\"user.made\" user=\"{}\" actor=\"service\" ", ada.id);
    assert_eq!(told, expected);
}

/// Makes every transaction with an event fail at its commit: the row added beside the event refers to
/// nothing.
async fn let_commits_fail(app: &App) {
    let table = "CREATE TABLE trap (id TEXT PRIMARY KEY, missing TEXT NOT NULL REFERENCES trap (id) DEFERRABLE INITIALLY DEFERRED)";
    app.database.change(table).await;
    let trigger = if app.database.is_sqlite() {
        "CREATE TRIGGER spring AFTER INSERT ON cloakroom_events BEGIN INSERT INTO trap VALUES (NEW.id, 'nothing'); END"
    } else {
        "CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO trap VALUES (NEW.id, 'nothing'); RETURN NEW; END $$;
         CREATE TRIGGER spring AFTER INSERT ON cloakroom_events FOR EACH ROW EXECUTE FUNCTION spring()"
    };
    app.database.change(trigger).await;
}

#[tokio::test]
async fn a_commit_that_fails_leaves_neither_the_act_nor_its_event_nor_its_line() {
    let app = app().await;
    let_commits_fail(&app).await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let refused = app.cloakroom.administration().add(ADA, PASSWORD, Rank::Plain).await;
    assert!(refused.is_err());
    assert!(app.cloakroom.administration().accounts(None, 1).await.unwrap().accounts.is_empty());
    assert_eq!((types(&app).await.len(), lines.take_events().len()), (0, 0));
}

#[tokio::test]
async fn an_act_that_cannot_be_recorded_is_not_done() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    app.database.change("DROP TABLE cloakroom_events").await;
    let administration = app.cloakroom.administration();
    assert!(administration.set_active(ADA, false).await.is_err());
    assert!(administration.delete(ADA).await.is_err());
    assert!(administration.show(ADA).await.unwrap().is_active);
}
