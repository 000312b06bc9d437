//! The HTTP edge (`crates/edge`) knows nothing of sign-in, and the library nothing of the edge.

use std::fs;
use std::path::Path;

use super::rust_files;

/// Words that a server for anything else would not need.
const SIGN_IN: &[&str] =
    &["cloakroom", "login", "logout", "password", "session", "sign-in", "signed in", "account", "ticket"];

fn crates() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of a crate's own dependencies.
fn dependencies(of: &str) -> Vec<String> {
    let manifest = fs::read_to_string(crates().join(of).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

#[test]
fn the_edge_and_the_library_do_not_know_each_other() {
    let of_edge = dependencies("edge");
    assert!(of_edge.iter().any(|name| name == "hyper"), "{of_edge:?}");
    assert!(!of_edge.iter().any(|name| name.starts_with("cloakroom")), "{of_edge:?}");
    assert!(!dependencies("cloakroom").iter().any(|name| name == "cloakroom-edge"));
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
