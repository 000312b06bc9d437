//! An event and its effect are one transaction. The log and the metrics follow after the commit.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::app::{App, app};
use crate::support::events::types;
use crate::support::people::ADA;

/// Collects every log line about an event.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        if line.0.contains("event=") {
            self.0.lock().unwrap().push(line.0);
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn an_event_is_one_log_line_without_the_address() {
    let app = app().await;
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let ada = app.add(ADA, Rank::Plain).await;
    let told = lines.0.lock().unwrap().join("\n");
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
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let refused = app.cloakroom.administration().add(ADA, PASSWORD, Rank::Plain).await;
    assert!(refused.is_err());
    assert!(app.cloakroom.administration().accounts(None, 1).await.unwrap().accounts.is_empty());
    assert_eq!((types(&app).await.len(), lines.0.lock().unwrap().len()), (0, 0));
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
