//! Exports of events, for other programs.

use cloakroom::administration::{Actor, Rank};
use cloakroom::audit::{Filter, Format};
use serde_json::{Value, json};

use crate::support::app::{App, app};
use crate::support::events::{json, newest};
use crate::support::people::ADA;

async fn exported(app: &App, format: Format) -> String {
    let audit = app.cloakroom.audit().by(Actor::cli("operator"));
    let mut export = audit.export(&Filter::default(), format).await.unwrap();
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.push_str(&piece);
    }
    text
}

#[tokio::test]
async fn an_export_has_every_earlier_event_and_is_an_event_itself() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    // Enough events for more than one piece.
    let many = "INSERT INTO cloakroom_events (id, at, type, outcome, actor_kind, count)
        SELECT '0192-' || type || '-' || n, 0, 'sign_out', 'ok', 'system', 1 FROM cloakroom_events, numbers";
    app.database.change("CREATE TABLE numbers (n INTEGER)").await;
    for _ in 0..11 {
        app.database.change("INSERT INTO numbers SELECT COALESCE(MAX(n), 0) + 1 FROM numbers").await;
        app.database.change("INSERT INTO numbers SELECT n + (SELECT MAX(n) FROM numbers) FROM numbers").await;
    }
    let planted = app.database.change(many).await;
    assert!(planted > 2000, "{planted}");
    let text = exported(&app, Format::Ndjson).await;
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len() as u64, planted + 2);
    assert_eq!(events[0]["type"], "user.made");
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    let export = newest(&app).await;
    assert_eq!(json(&export)["data"], json!({"format": "ndjson"}));
    assert_eq!(
        (export.event_type.as_str(), export.actor.label.as_deref()),
        ("events.exported", Some("operator"))
    );
}

/// The act and the export often share a millisecond, to which ids are exact.
#[tokio::test]
async fn an_export_has_what_happened_just_before_it() {
    let app = app().await;
    app.add(ADA, Rank::Plain).await;
    for is_active in [false, true].into_iter().cycle().take(40) {
        app.cloakroom.administration().set_active(ADA, is_active).await.unwrap();
        let text = exported(&app, Format::Ndjson).await;
        let newest: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(newest["type"], if is_active { "user.activated" } else { "user.deactivated" });
    }
}

#[tokio::test]
async fn no_cell_of_a_table_is_a_formula() {
    let app = app().await;
    app.add("=cmd@example.test", Rank::Plain).await;
    let named = app.cloakroom.administration().by(Actor::service("@SUM(\"a\",b)"));
    named.set_active("=cmd@example.test", false).await.unwrap();
    let text = exported(&app, Format::Csv).await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("id,at,type,outcome,actor_kind,"), "{text}");
    assert!(lines[1].contains(",'=cmd@example.test,"), "{text}");
    assert!(lines[1].contains(",\"'@SUM(\"\"a\"\",b)\","), "{text}");
    assert_eq!(lines.len(), 4, "{text}");
}

#[tokio::test]
async fn an_export_of_nothing_has_its_header() {
    let app = app().await;
    app.database.change("DELETE FROM cloakroom_events").await;
    assert_eq!(exported(&app, Format::Csv).await.lines().count(), 1);
    assert_eq!(exported(&app, Format::Ndjson).await.lines().count(), 1, "the export of before");
}
