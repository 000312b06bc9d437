//! Checks that the documents describe what the program does.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::installation::{Installation, run};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn printed_by(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(arguments);
    String::from_utf8(run(command, "").stdout).expect("it prints text")
}

/// Returns the fenced code blocks of that language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let begun = document.split(&*fence).skip(1);
    begun.map(|rest| rest.split_once("```").expect("its end").0).collect()
}

/// Lists every document that people read, by its path in the repository.
fn documents() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open = vec!["docs".to_owned()];
    let mut found =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "web/client/README.md", "web/vue/README.md"]
            .map(str::to_owned)
            .to_vec();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}/{}", entry.file_name().into_string().unwrap());
            if entry.path().is_dir() {
                open.push(path);
            } else if entry.path().extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 15, "{found:?}");
    found
}

/// Returns the anchor that the forge makes from a heading.
fn anchor(heading: &str) -> String {
    let kept = |character: char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(|character| kept(*character)).collect::<String>().replace(' ', "-")
}

#[test]
fn the_documents_show_the_examples_that_are_compiled() {
    assert_eq!(blocks(&read("README.md"), "rust")[0], read("crates/cloakroom/examples/embed.rs"));
    let example = read("examples/axum/src/main.rs");
    assert!(
        blocks(&read("docs/guides/embedding.md"), "rust").contains(&&*example),
        "the guide shows it, too"
    );
}

#[test]
fn the_configuration_in_the_readme_is_complete() {
    let installation = Installation::with_database("sqlite:x.db", "");
    fs::write(installation.config(), blocks(&read("README.md"), "toml")[0]).unwrap();
    let output = installation.command(&["check"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Each block works on its own on top of the smallest configuration. The secret files that it names exist.
#[test]
fn every_configuration_in_the_guides_can_be_used() {
    let mut checked = 0;
    for path in documents().iter().filter(|path| path.starts_with("docs/guides/")) {
        for block in blocks(&read(path), "toml").into_iter().filter(|block| !block.contains("[dependencies]"))
        {
            let installation = Installation::with_database("sqlite:x.db", "");
            let mut merged: toml::Table = fs::read_to_string(installation.config()).unwrap().parse().unwrap();
            for (key, value) in block.parse::<toml::Table>().unwrap_or_else(|error| panic!("{path}: {error}"))
            {
                match (merged.get_mut(&key), value) {
                    (Some(toml::Value::Table(below)), toml::Value::Table(over)) => below.extend(over),
                    (_, value) => drop(merged.insert(key, value)),
                }
            }
            let secret = installation.path().join("secret");
            fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
            fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            for provider in
                merged.get_mut("provider").and_then(toml::Value::as_array_mut).into_iter().flatten()
            {
                provider["client_secret_file"] = secret.display().to_string().into();
            }
            for key in ["logo", "logo_dark", "icon"] {
                if let Some(file) = merged["app"].get(key).and_then(toml::Value::as_str) {
                    let logo = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"/>"#;
                    fs::write(installation.path().join(file), logo).unwrap();
                }
            }
            fs::write(installation.config(), merged.to_string()).unwrap();
            let output = installation.command(&["check"], "");
            assert!(output.status.success(), "{path}\n{block}\n{}", String::from_utf8_lossy(&output.stderr));
            checked += 1;
        }
    }
    assert!(checked >= 6, "{checked}");
}

#[test]
fn every_link_within_the_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut followed = 0;
    for path in documents() {
        let text = read(&path);
        let after = |mark: &'static str, end: char| {
            text.split(mark).skip(1).filter_map(move |rest| rest.split_once(end)).map(|(target, _)| target)
        };
        for target in after("](", ')').chain(after(" src=\"", '"')).chain(after("srcset=\"", '"')) {
            if target.contains("://") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => path.clone(),
                file if target.starts_with('/') => panic!("{path}: {file} is not relative"),
                file => format!("{}/{file}", Path::new(&path).parent().unwrap().display()),
            };
            let file = file.trim_start_matches('/');
            assert!(root.join(file).exists(), "{path}: {target}");
            if !fragment.is_empty() {
                let headings = read(file);
                let mut headings = headings.lines().filter_map(|line| line.strip_prefix('#'));
                let is_there = headings.any(|line| anchor(line.trim_start_matches('#').trim()) == fragment);
                assert!(is_there, "{path}: {target} has no such heading");
            }
            followed += 1;
        }
    }
    assert!(followed > 50, "{followed}");
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
    for code in document["components"]["schemas"]["KnownProblemCode"]["enum"].as_array().expect("the codes") {
        let code = code.as_str().expect("a word");
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}
