//! Secrets: where they may be stored, who may read them, and that no output shows them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use cloakroom::config::Overrides;
use cloakroom::{Cloakroom, Config};

use super::{GITHUB, LEAST, Place, complaint};

#[test]
fn a_short_secret_is_refused() {
    let place = Place::new(&format!("secret = \"short\"\n{LEAST}"));
    assert_eq!(place.load().unwrap_err(), "cloakroom.toml:1:1: `secret`: has 5 bytes and needs at least 32");
    let place = Place::new(&format!("secret = \"{}\"\n{LEAST}", "x".repeat(32)));
    assert!(place.load().is_ok());
}

#[test]
fn a_key_file_that_is_short_or_readable_by_others_is_refused_with_its_place() {
    let place = Place::new(&format!("secret_file = \"my.key\"\n{LEAST}"));
    let key = "0123456789abcdef0123456789abcdef";
    for (text, mode, told) in [
        (key, 0o644, "can be read by others (mode 644)"),
        (key, 0o604, "can be read by others (mode 604)"),
        ("short", 0o600, "has 5 bytes and needs at least 32"),
        ("", 0o600, "has 0 bytes"),
        (" \n\t                                    \n", 0o600, "has 0 bytes"),
    ] {
        place.write("my.key", text, mode);
        let complaint = place.load().expect_err(told);
        assert!(complaint.starts_with("cloakroom.toml:1:1: `secret_file`: "), "{complaint}");
        assert!(complaint.contains(told), "{complaint}");
        assert!(!complaint.contains(key), "{complaint}");
    }
    place.write("my.key", &format!("{key}\n"), 0o600);
    for mode in [0o400, 0o440, 0o600, 0o640] {
        fs::set_permissions(place.path().join("my.key"), fs::Permissions::from_mode(mode)).unwrap();
        assert!(place.load().is_ok(), "mode {mode:o}");
    }
    let (random, _) = key.split_at(31);
    for last in [" ", "\t", "\n"] {
        place.write("my.key", &format!("{random}{last}"), 0o600);
        assert!(place.load().is_ok(), "random bytes may end with {last:?}");
    }
}

#[test]
fn a_secret_from_a_file_that_is_empty_or_readable_by_others_is_refused_with_its_place() {
    let provider = "[[provider]]\nid = \"github\"\nclient_id = \"x\"\nclient_secret_file = \"my.secret\"\n";
    let place = Place::new(&format!("{LEAST}\n{provider}"));
    for (text, mode, told) in [
        ("hidden", 0o644, "can be read by others (mode 644)"),
        ("hidden", 0o602, "can be read by others (mode 602)"),
        (" \n", 0o600, "is empty"),
    ] {
        place.write("my.secret", text, mode);
        let complaint = place.load().expect_err(told);
        assert!(complaint.contains("`provider.0.client_secret_file`: "), "{complaint}");
        assert!(complaint.starts_with("cloakroom.toml:"), "{complaint}");
        assert!(complaint.contains(told), "{complaint}");
        assert!(!complaint.contains("hidden"), "{complaint}");
    }
    place.write("my.secret", "hidden\n", 0o600);
    for mode in [0o400, 0o440, 0o600, 0o640] {
        fs::set_permissions(place.path().join("my.secret"), fs::Permissions::from_mode(mode)).unwrap();
        assert!(place.load().is_ok(), "mode {mode:o}");
    }
}

#[tokio::test]
async fn a_key_file_that_is_absent_is_made_and_nobody_else_can_read_it() {
    let place = Place::new(LEAST);
    let open = async || Cloakroom::open(place.file()).await.map_err(|error| place.told(&error));
    open().await.unwrap().close().await;
    let file = place.path().join("secret.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read(&file).unwrap();
    assert!(key.len() >= 32);
    open().await.unwrap().close().await;
    assert_eq!(fs::read(&file).unwrap(), key, "the same key at the next start");
    place.write("secret.key", "0123456789abcdef0123456789abcdef", 0o644);
    let complaint = open().await.map(|_| ()).unwrap_err();
    assert!(complaint.contains("can be read by others"), "{complaint}");
}

const SECRETS: [&str; 4] =
    ["hunter2-database", "hunter2-mail", "hunter2-github", "hunter2-key-0123456789abcdef0123"];

fn with_secrets() -> Place {
    let [database, mail, github, key] = SECRETS;
    let text = LEAST
        .replace("sqlite:cloakroom.db", &format!("postgres://cloakroom:{database}@db.test/cloakroom"))
        .replace("smtp://127.0.0.1", &format!("smtps://mailer:{mail}@127.0.0.1"));
    let provider = GITHUB.replace("\"y\"", &format!("\"{github}\""));
    Place::new(&format!("secret = \"{key}\"\n{text}{provider}"))
}

#[test]
fn no_secret_is_shown_by_explain_or_debug() {
    let place = with_secrets();
    let explained = Config::explain(Some(&place.file()), &Overrides::default()).unwrap();
    let config = place.load().unwrap();
    assert!(config.database.url.expose().contains(SECRETS[0]), "they are there");
    let as_json = serde_json::to_string(&config).unwrap();
    for shown in [&explained, &format!("{config:?}"), &format!("{config:#?}"), &as_json] {
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("redacted") && shown.contains("db.test"), "{shown}");
    }
}

#[test]
fn no_secret_is_shown_by_a_complaint() {
    let place = with_secrets();
    let good = fs::read_to_string(place.file()).unwrap();
    for (from, to) in [
        ("postgres://", "mysql://"),
        ("smtps://", "smtpx://"),
        ("id = \"github\"", "id = \"li/nk\""),
        ("client_secret = ", "client_secert = "),
        ("secret = \"hunter2-key", "secret = 3 # \"hunter2-key"),
        ("client_secret = \"", "client_secret = [\""),
        ("[mail]", "[mail"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(place.file(), good.replacen(from, to, 1)).unwrap();
        let complaint = place.load().expect_err(to);
        for secret in SECRETS {
            assert!(!complaint.contains(secret), "{complaint}");
        }
    }
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let text = LEAST.replace("url = \"sqlite:cloakroom.db\"", "url_file = \"database.url\"");
    let place = Place::new(&text);
    assert!(
        place
            .load()
            .unwrap_err()
            .starts_with("cloakroom.toml:3:1: `database.url_file`: database.url cannot be read")
    );
    place.write("database.url", "postgres://cloakroom:x@db.test/cloakroom\n", 0o600);
    assert_eq!(place.load().unwrap().database.url.expose(), "postgres://cloakroom:x@db.test/cloakroom");
    assert!(complaint("name_file = \"x\"").contains("unknown key `app.name_file`"), "only secrets");
}
