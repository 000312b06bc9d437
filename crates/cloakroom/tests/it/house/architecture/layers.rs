//! The layers of the library: which room may name which.

use std::collections::BTreeMap;

use super::imports::{Edge, edges};

/// The rooms from the ground up. A room may name rooms of the rows below its own, and itself; nothing else.
///
/// A room is a folder or a file of `src/`. `lib.rs` stands above all of them and only re-exports.
const LAYERS: &[&[&str]] = &[
    &["clock", "files", "tally"],
    &["error"],
    &["secret"],
    &["model"],
    &["config"],
    &["brand", "store"],
    &["outbound", "password", "mail"],
    &["policy"],
    &["provider"],
    &["pipeline", "limits", "session", "attempts", "hooks"],
    &["validation"],
    &["context"],
    &["flow"],
    &["jobs", "http"],
    &["cloakroom"],
    &["testing"],
];

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&room))
}

/// Says what is wrong with an edge between two rooms, if anything is.
fn complaint(edge: &Edge) -> Option<String> {
    let (from, to) = (edge.from.room(), edge.to.room());
    if from == to || from == "lib" {
        return None;
    }
    let is_upward = match (layer(from), layer(to)) {
        (Some(above), Some(below)) => above <= below,
        _ => return Some(format!("{} → {}: a room that the table does not name", edge.from, edge.to)),
    };
    is_upward.then(|| format!("{}:{} names {}", edge.from, edge.line, edge.to))
}

#[test]
fn every_import_leads_down_the_table_of_layers() {
    let edges = edges();
    assert!(edges.len() > 300, "{} edges", edges.len());
    let upward: Vec<String> = edges.iter().filter_map(complaint).collect();
    assert!(upward.is_empty(), "{} imports lead up:\n{}", upward.len(), upward.join("\n"));
}

#[test]
fn every_room_of_the_table_exists() {
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    let edges = edges();
    for edge in &edges {
        *files.entry(edge.from.room()).or_default() += 1;
        *files.entry(edge.to.room()).or_default() += 1;
    }
    let empty: Vec<_> = LAYERS.iter().copied().flatten().filter(|room| !files.contains_key(*room)).collect();
    assert!(empty.is_empty(), "rooms without a single import: {empty:?}");
}

#[test]
fn a_flow_that_names_http_is_refused() {
    let edge = |from: &str, to: &str| Edge { from: from.into(), to: to.into(), line: 7 };
    let refused = complaint(&edge("flow/sign_in/login.rs", "http/guard.rs"));
    assert_eq!(refused.as_deref(), Some("src/flow/sign_in/login.rs:7 names src/http/guard.rs"));
    assert_eq!(complaint(&edge("http/guard.rs", "flow/sign_in/login.rs")), None);
    assert_eq!(complaint(&edge("flow/sign_in/login.rs", "flow/sign_in/session.rs")), None);
    assert!(complaint(&edge("flow/sign_in/login.rs", "attic/box.rs")).is_some());
}
