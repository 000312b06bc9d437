//! The rules of `ARCHITECTURE.md`: which room may name which, and how long a file may be.

mod edge;
mod imports;
mod layers;
mod public_types;

use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 400;

/// Returns every source file of the library: its path below `src/`, and its text.
fn sources() -> Vec<(String, String)> {
    let files = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(files.len() > 30, "{} files", files.len());
    files
}

/// Returns every Rust file below `root`: its path from there, and its text.
fn rust_files(root: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Finds the lines of code that contain `word` as a whole word. Comments do not count.
fn mentions<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let holds = move |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        code.match_indices(word).any(|(start, _)| {
            let before = code[..start].chars().next_back();
            let after = code[start + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    text.lines().enumerate().filter(move |(_, line)| holds(line)).map(|(index, line)| (index + 1, line))
}

/// Fails if a file mentions one of `words` and may not.
fn assert_only(words: &[&str], may: impl Fn(&str) -> bool, rule: &str) {
    let mut offences = Vec::new();
    let mut uses = 0;
    for (name, text) in sources() {
        for word in words {
            for (line, code) in mentions(&text, word) {
                if may(&name) {
                    uses += 1;
                } else {
                    offences.push(format!("src/{name}:{line}: {}", code.trim()));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{rule}:\n{}", offences.join("\n"));
    assert!(uses > 0, "the rule finds what it looks for where it may be");
}

#[test]
fn only_the_store_names_sqlx() {
    assert_only(&["sqlx"], |file| file.starts_with("store/"), "only store/ names sqlx");
}

#[test]
fn only_http_names_axum_beside_the_doors_of_the_library() {
    let doors = ["testing.rs", "cloakroom.rs"];
    let may = |file: &str| file.starts_with("http/") || file.starts_with("testing/") || doors.contains(&file);
    assert_only(&["axum", "utoipa_axum"], may, "only http/ names axum");
    let cloakroom =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cloakroom.rs")).unwrap();
    let lines: Vec<_> = mentions(&cloakroom, "axum").collect();
    assert!(lines.len() <= 3, "cloakroom.rs names axum in its signatures only: {lines:?}");
}

#[test]
fn only_one_door_leads_to_other_machines() {
    assert_only(&["reqwest"], |file| file == "outbound.rs", "only outbound.rs calls other machines");
    assert_only(
        &["rustls", "TcpStream"],
        // `client_secret.rs` uses rustls to parse a key file, and makes no connection.
        |file| file == "outbound.rs" || file.starts_with("mail/smtp") || file == "provider/client_secret.rs",
        "beside it only mail/smtp speaks to one, the mail server",
    );
}

#[test]
fn flows_know_nothing_of_the_wire() {
    let elsewhere = |file: &str| !file.starts_with("flow/");
    assert_only(&["http", "StatusCode", "HeaderMap"], elsewhere, "flow/ decides and knows no HTTP");
}

#[test]
fn the_store_knows_nothing_of_flows_and_of_the_wire() {
    let elsewhere = |file: &str| !file.starts_with("store/");
    assert_only(
        &["crate::flow", "crate::http", "crate::cloakroom"],
        elsewhere,
        "store/ keeps, and decides nothing",
    );
}

#[test]
fn models_are_plain_data() {
    let elsewhere = |file: &str| !file.starts_with("model/");
    let words = ["crate::flow", "crate::store", "crate::http", "crate::cloakroom", "tokio", "async"];
    assert_only(&words, elsewhere, "model/ is plain data without I/O");
}

#[test]
fn no_file_is_longer_than_a_person_reads_at_once() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let long: Vec<String> = rust_files(&crates)
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(name, lines)| format!("crates/{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "at most {LONGEST_FILE} lines:\n{}", long.join("\n"));
}

/// X06: without `==`, a secret is compared in constant time or looked up by its hash. Without `Debug` and
/// `Serialize`, it is not shown by accident.
#[test]
fn x06_no_secret_can_be_compared_or_shown_by_mistake() {
    let secrets = ["Ticket", "Code", "SecretKey", "Secret", "SecretUrl", "ProviderTokens"];
    let mut found = 0;
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let declared = secrets.iter().any(|secret| {
                let after = line.split_once(&format!("struct {secret}")).map(|(_, after)| after);
                after.is_some_and(|after| after.starts_with(['(', ' ']))
            });
            let derives = lines[..index].iter().rev().take_while(|above| above.starts_with(['#', '/']));
            for derive in derives.filter(|above| declared && above.starts_with("#[derive")) {
                for forbidden in ["PartialEq", "Eq", "Debug", "Serialize", "Hash"] {
                    let has = mentions(derive, forbidden).count() > 0;
                    assert!(!has, "src/{name}:{}: {line} has {forbidden}", index + 1);
                }
            }
            found += usize::from(declared);
            let compares = line.contains("==") || line.contains("!=") || line.contains(".eq(");
            assert!(!(compares && line.contains("expose()")), "src/{name}:{}: {line}", index + 1);
        }
    }
    assert_eq!(found, secrets.len());
}

/// Checks the matcher itself.
#[test]
fn a_mention_is_a_whole_word_in_code() {
    let found = |text: &str, word: &str| mentions(text, word).map(|(line, _)| line).collect::<Vec<_>>();
    assert_eq!(found("use sqlx::Row;\n// sqlx\nlet sqlx_like = 1;\nmy_sqlx();", "sqlx"), [1]);
    assert_eq!(found("use crate::http::json;\nuse crate::httpd;", "crate::http"), [1]);
}
