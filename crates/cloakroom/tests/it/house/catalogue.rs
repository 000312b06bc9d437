//! The pages `docs/reference/security-cases.md` and `findings.md` list the same ids as the names of the
//! tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the text of every file with this extension below `directory`, except build output and packages.
fn files(directory: &Path, extension: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && !["target", "node_modules", "dist", "test-results"].contains(&&*name) {
            texts.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

/// Returns whether a word is a case id: a letter and one or two digits, such as `C07` and `H1`.
fn is_case(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|letter| "CSEBWTOHRMPFXL".contains(letter))
        && (2..=3).contains(&word.len())
        && characters.all(|digit| digit.is_ascii_digit())
}

/// Reads the case ids at the start of names such as `fn c07_c08_a_pair…`.
fn of_rust(text: &str) -> impl Iterator<Item = String> {
    let names = text.split("fn ").skip(1);
    names.flat_map(|name| name.split('_').map(str::to_uppercase).take_while(|word| is_case(word)))
}

/// Reads the case ids at the start of titles such as `test('C07 C08: a pair…`.
fn of_web(text: &str) -> impl Iterator<Item = String> {
    let titles = ["test('", "it('"].into_iter().flat_map(|call| text.split(call).skip(1));
    titles.flat_map(|title| title.split([' ', ':']).map(str::to_owned).take_while(|word| is_case(word)))
}

#[test]
fn every_case_has_a_test_and_every_test_a_case() {
    let page = fs::read_to_string(root().join("docs/reference/security-cases.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let listed: BTreeSet<String> = rows.map(|(id, _)| id.to_owned()).filter(|id| is_case(id)).collect();
    let rust = files(&root().join("crates"), "rs");
    let web = files(&root().join("web"), "ts");
    let tested: BTreeSet<String> =
        rust.iter().flat_map(|text| of_rust(text)).chain(web.iter().flat_map(|text| of_web(text))).collect();
    let missing = |all: &BTreeSet<String>, some: &BTreeSet<String>| {
        all.difference(some).cloned().collect::<Vec<_>>().join(", ")
    };
    assert_eq!(missing(&listed, &tested), "", "listed and not tested");
    assert_eq!(missing(&tested, &listed), "", "tested and not listed");
    assert!(listed.len() > 100, "{}", listed.len());
}

/// Checks the parser of names and titles itself.
#[test]
fn a_case_is_what_a_name_begins_with() {
    let found = |text: &str| of_rust(text).collect::<Vec<_>>().join(" ");
    assert_eq!(found("async fn c07_h1_a_pair_of_b02() {} fn s1x_no() fn u8_is_none()"), "C07 H1");
    assert_eq!(of_web("test('O03 O04 state_mismatch: X01'").collect::<Vec<_>>().join(" "), "O03 O04");
}

/// Reads the finding ids in the names of Rust tests (`fn finding_n4_…`) and in the titles of web tests
/// (`test('finding N4: …`).
fn findings_in(text: &str) -> impl Iterator<Item = String> {
    let of_rust = text.split("fn finding_").skip(1);
    let of_web = text.split("('finding ").skip(1);
    of_rust.chain(of_web).flat_map(|name| {
        let words = name.split(|character: char| !character.is_alphanumeric());
        words.map(str::to_uppercase).take_while(|word| is_finding(word))
    })
}

/// Returns whether a word is a finding id: a letter and one or two digits, such as `N4` and `R16`.
fn is_finding(word: &str) -> bool {
    let digits = word.strip_prefix(['N', 'Q', 'U', 'V', 'S', 'R']).unwrap_or_default();
    (1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[test]
fn every_finding_has_a_test_and_every_test_a_finding() {
    let page = fs::read_to_string(root().join("docs/reference/findings.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let listed: BTreeSet<String> = rows.map(|(id, _)| id.to_owned()).filter(|id| id != "id").collect();
    let sources = [("crates", "rs"), ("web", "ts")];
    let texts = sources.into_iter().flat_map(|(folder, extension)| files(&root().join(folder), extension));
    let tested: BTreeSet<String> =
        texts.flat_map(|text| findings_in(&text).collect::<Vec<_>>()).filter(|id| id != "N0").collect();
    let missing = |all: &BTreeSet<String>, some: &BTreeSet<String>| {
        all.difference(some).cloned().collect::<Vec<_>>().join(", ")
    };
    assert_eq!(missing(&listed, &tested), "", "listed and not tested");
    assert_eq!(missing(&tested, &listed), "", "tested and not listed");
}

#[test]
fn a_finding_is_read_from_names_and_titles() {
    let found = |text: &str| findings_in(text).collect::<Vec<_>>().join(" ");
    assert_eq!(found(concat!("async fn find", "ing_n0_n0_an_idle() fn finds_u1()")), "N0 N0");
    assert_eq!(found(concat!("test('find", "ing N0: a notice')")), "N0");
}
