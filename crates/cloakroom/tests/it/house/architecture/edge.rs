//! The HTTP edge (`crates/edge`) knows nothing of sign-in. The library takes only the serving of files from it, for its pages.

use std::fs;
use std::path::Path;

use super::rust_files;

/// Words that a server for anything else would not need.
const SIGN_IN: &[&str] =
    &["cloakroom", "login", "logout", "password", "session", "sign-in", "signed in", "account", "ticket"];

fn crates() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn manifest(path: &str) -> toml::Table {
    fs::read_to_string(crates().join(path).join("Cargo.toml")).unwrap().parse().unwrap()
}

/// The names of a crate's own dependencies.
fn dependencies(of: &str) -> Vec<String> {
    manifest(of)["dependencies"].as_table().unwrap().keys().cloned().collect()
}

#[test]
fn the_edge_does_not_know_the_library() {
    let of_edge = dependencies("edge");
    assert!(of_edge.iter().any(|name| name == "hyper"), "{of_edge:?}");
    assert!(!of_edge.iter().any(|name| name.starts_with("cloakroom")), "{of_edge:?}");
}

/// An app that embeds the library listens by itself. So the library must not bring the edge's server along, not even with pages.
#[test]
fn the_library_takes_no_server_from_the_edge() {
    let edge = &manifest("..")["workspace"]["dependencies"]["cloakroom-edge"];
    assert_eq!(edge["default-features"].as_bool(), Some(false));
    for (of, optional) in [("cloakroom", true), ("pages", false)] {
        let edge = &manifest(of)["dependencies"]["cloakroom-edge"];
        assert!(edge.get("features").is_none(), "{of}: {edge}");
        assert_eq!(edge.get("optional").is_some_and(|value| value.as_bool() == Some(true)), optional, "{of}");
    }
}

#[test]
fn the_edge_has_no_word_about_sign_in() {
    let files = rust_files(&crates().join("edge/src"));
    assert!(files.len() > 10, "{} files", files.len());
    let mut found = Vec::new();
    for (name, text) in &files {
        for (index, line) in text.to_lowercase().lines().enumerate() {
            let words = SIGN_IN.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("edge/src/{name}:{}: {word}", index + 1)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
