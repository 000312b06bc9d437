//! `cloakroom audit`: listing and exporting events.

use std::process::Command;

use serde_json::{Value, json};

use super::{printed, status};
use crate::support::installation::{Installation, PASSWORD, text};

fn listed(installation: &Installation, arguments: &[&str]) -> Vec<Value> {
    let line = [&["audit", "list", "--json"], arguments].concat();
    serde_json::from_str(&printed(&installation.command(&line, ""))).unwrap()
}

/// An installation with an account that the command line made and changed.
fn installation_with_history() -> Installation {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    installation.add("bob@example.test");
    for act in ["deactivate", "activate"] {
        assert_eq!(status(&installation.command(&["user", act, "ann@example.test"], "")), 0, "{act}");
    }
    installation
}

#[test]
fn the_command_line_names_the_systems_user() {
    let installation = installation_with_history();
    let all = listed(&installation, &[]);
    let types: Vec<_> = all.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.activated", "user.deactivated", "user.made", "user.made"]);
    let user = Command::new("id").arg("-un").output().unwrap();
    for event in &all {
        assert_eq!(event["actor"]["kind"], "cli");
        assert_eq!(event["actor"]["label"], text(&user.stdout).trim());
    }
}

#[test]
fn the_list_is_filtered_and_paged() {
    let installation = installation_with_history();
    let of_ann = listed(&installation, &["--target", "ann@example.test", "--since", "1h"]);
    assert_eq!(of_ann.len(), 3);
    let some = listed(&installation, &["--type", "user.made", "--type", "user.activated"]);
    assert_eq!(some.len(), 3);
    assert_eq!(listed(&installation, &["--type", "user.*", "--until", "2026-01-31"]).len(), 0);
    assert_eq!(listed(&installation, &["--q", "bob@"]).len(), 1);
    let first = printed(&installation.command(&["audit", "list", "--limit", "3"], ""));
    let (rows, more) = first.trim_end().rsplit_once("\nThere may be more: --after ").unwrap();
    assert!(rows.starts_with("AT ") && rows.contains("user.deactivated  cli "), "{first}");
    let rest = listed(&installation, &["--after", more]);
    assert_eq!((rest.len(), rest[0]["target"]["label"].as_str()), (1, Some("ann@example.test")));
    let nothing = printed(&installation.command(&["audit", "list", "--type", "sign_in.*"], ""));
    assert_eq!(nothing, "Nothing was recorded that fits.\n");
}

#[test]
fn wrong_filters_are_reported() {
    let installation = Installation::new("");
    let unknown = installation.command(&["audit", "list", "--type", "sign_in.okay"], "");
    assert_eq!((status(&unknown), text(&unknown.stderr).trim()), (1, "there is no event `sign_in.okay`"));
    for usage in [&["--since", "yesterday"][..], &["--limit", "0"], &["--limit", "201"]] {
        let output = installation.command(&[&["audit", "list"], usage].concat(), "");
        assert_eq!(status(&output), 2, "{usage:?}");
    }
}

#[test]
fn an_export_is_lines_of_json_or_a_table() {
    let installation = installation_with_history();
    let lines = printed(&installation.command(&["audit", "export"], ""));
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 4);
    let table = printed(&installation.command(&["audit", "export", "--format", "csv"], ""));
    assert_eq!(table.lines().count(), 1 + 5, "the header, the four, and the export of before: {table}");
    let exports = listed(&installation, &["--type", "events.exported"]);
    assert_eq!((exports.len(), &exports[0]["data"]["format"]), (2, &"csv".into()));
}

#[test]
fn an_event_names_its_request() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let node = installation.node();
    let mut browser = node.browser();
    browser.get("/api/login-set-cookie/");
    let form = json!({"email": "cleo@example.test", "password": PASSWORD});
    let reply = browser.post("/api/signup/", &form);
    assert_eq!(reply.status, 202, "{}", reply.text());
    let id = reply.header("x-request-id").unwrap().to_owned();
    let started = listed(&installation, &["--type", "signup.started"]).remove(0);
    assert_eq!(started["request_id"], id);
    assert_eq!((&started["actor"]["kind"], &started["target"]), (&"browser".into(), &Value::Null));
    let starts = listed(&installation, &["--type", "server.started"]);
    assert_eq!(starts.len(), 1, "a command is no server");
}
