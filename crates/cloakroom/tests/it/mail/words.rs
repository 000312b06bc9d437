//! The message files of mails: every language has every text, and says it in its own way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cloakroom::mailing;
use serde_json::Value;

/// The texts of a language, by their path such as `mails.verify_email.title`.
type Texts = BTreeMap<String, String>;

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail/messages")
}

fn texts(language: &str) -> Texts {
    let file = fs::read_to_string(directory().join(format!("{language}.json"))).unwrap();
    let mut found = Texts::new();
    collect(&serde_json::from_str(&file).unwrap(), "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut Texts) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| collect(value, &below(key), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| collect(value, &below(&at.to_string()), found));
        }
        Value::String(text) => drop(found.insert(path.to_owned(), text.clone())),
        other => panic!("{path}: {other}"),
    }
}

fn every_language() -> impl Iterator<Item = (&'static str, Texts)> {
    mailing::locales().into_iter().map(|language| (language, texts(language)))
}

/// Returns the names in `{{ … }}`.
fn placeholders(text: &str) -> BTreeSet<&str> {
    // The first of a month is written in its own way in French: `'1er' if day == '1' else day`.
    let inside = text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap());
    inside.map(|expression| expression.split_whitespace().last().unwrap()).collect()
}

#[test]
fn every_language_of_mails_has_a_file_and_every_file_a_language() {
    let files: BTreeSet<String> = fs::read_dir(directory())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = mailing::locales().into_iter().map(|language| format!("{language}.json")).collect();
    assert_eq!(files, expected);
    assert_eq!(mailing::locales(), ["en", "de", "fr", "es"]);
}

#[test]
fn every_text_of_mails_is_in_every_language_with_the_same_placeholders() {
    let english = texts("en");
    for (language, texts) in every_language() {
        assert_eq!(texts.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language}");
        for (path, text) in &texts {
            assert_eq!(placeholders(text), placeholders(&english[path]), "{language} {path}");
            assert!(
                !text.trim().is_empty() && text.trim() == text && !text.contains("  "),
                "{language} {path}"
            );
        }
    }
}

#[test]
fn no_text_of_mails_is_unused() {
    let texts = texts("en");
    let named = |prefix: &str| -> BTreeSet<String> {
        let below = texts.keys().filter_map(|path| path.strip_prefix(prefix));
        below.map(|path| path.split('.').next().unwrap().to_owned()).collect()
    };
    assert_eq!(named("mails."), mailing::names().into_iter().map(str::to_owned).collect());
    let given = texts.iter().filter(|(path, _)| path.starts_with("mails.") && path.ends_with(".reason"));
    assert_eq!(named("reasons."), given.map(|(_, reason)| reason.clone()).collect());
}

#[test]
fn subjects_fit_a_list_and_every_one_but_a_link_names_the_app() {
    for (language, texts) in every_language() {
        for (path, text) in texts.iter().filter(|(path, _)| path.ends_with(".subject")) {
            let shown = text.replace("{{ app }}", "0123456789").replace("{{ provider }}", "GitHub");
            assert!(shown.chars().count() <= 70, "{language} {path}: {shown}");
            assert!(text.contains("{{ app }}"), "{language} {path}");
        }
    }
}

#[test]
fn mails_say_what_a_product_of_their_language_says() {
    let forbidden: [(&str, &[&str]); 4] = [
        (
            "en",
            &[
                "somebody",
                "please",
                " you are ",
                "cannot",
                "is not ",
                "e-mail",
                "the people who run",
                "oops",
                "!",
            ],
        ),
        ("de", &["bitte", "ungültig", "Falls ", " Mail ", " Mails ", "!"]),
        ("fr", &["veuillez", "s'il vous plaît", "invalide", " mail ", "!"]),
        ("es", &["por favor", "inválid", "usted", " email", "!"]),
    ];
    for (language, words) in forbidden {
        for (path, text) in texts(language) {
            for word in words {
                assert!(!text.contains(word), "{language} {path}: {word}: {text}");
            }
        }
    }
}

#[test]
fn marks_are_those_of_the_language() {
    for (path, text) in texts("fr") {
        let characters: Vec<char> = text.chars().collect();
        for pair in characters.windows(2) {
            let is_time = pair[0].is_ascii_digit() || pair[0] == '}';
            assert!(!"?!;»:".contains(pair[1]) || pair[0] == '\u{a0}' || is_time, "{path}: {text}");
            assert!(pair[0] != '«' || pair[1] == '\u{a0}', "{path}: {text}");
        }
    }
    for (path, text) in texts("es") {
        assert_eq!(text.matches('¿').count(), text.matches('?').count(), "{path}: {text}");
    }
    for (language, [open, close]) in
        [("en", ['“', '”']), ("de", ['„', '“']), ("fr", ['«', '»']), ("es", ['«', '»'])]
    {
        let quoting = texts(language).into_values().filter(|text| text.contains(open)).collect::<Vec<_>>();
        assert!(!quoting.is_empty() && quoting.iter().all(|text| text.contains(close)), "{language}");
        assert!(
            !texts(language).values().any(|text| text.contains('"')),
            "{language}: no typewriter's marks"
        );
    }
}
