//! What the documents say is what the program does.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::installation::{Installation, run};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn printed_by(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(arguments);
    String::from_utf8(run(command, "").stdout).expect("it prints text")
}

/// The first fenced block of that language.
fn block(document: &str, language: &str) -> String {
    let (_, rest) = document.split_once(&format!("```{language}\n")).expect("a block");
    rest.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_readme_shows_the_example_that_is_compiled() {
    assert_eq!(block(&read("README.md"), "rust"), read("crates/cloakroom/examples/embed.rs"));
}

#[test]
fn the_configuration_in_the_readme_is_complete() {
    let installation = Installation::with_database("sqlite:x.db", "");
    fs::write(installation.config(), block(&read("README.md"), "toml")).unwrap();
    let output = installation.command(&["check"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_generated_files_are_current() {
    assert!(read("openapi.json") == printed_by(&["openapi"]), "run `make generate`");
    assert!(read("config.example.toml") == printed_by(&["check", "--example"]), "run `make generate`");
}

#[test]
fn the_example_configuration_can_be_used() {
    let installation = Installation::with_database("sqlite:x.db", "");
    fs::write(installation.config(), read("config.example.toml")).unwrap();
    let output = installation.command(&["check"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_error_code_is_explained() {
    let document: serde_json::Value = serde_json::from_str(&read("openapi.json")).unwrap();
    let page = read("docs/reference/errors.md");
    for code in document["components"]["schemas"]["ProblemCode"]["enum"].as_array().expect("the codes") {
        let code = code.as_str().expect("a word");
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}
