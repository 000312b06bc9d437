//! The configuration as `check` shows it: file, environment, flags, and their errors.

use std::fs;
use std::process::Command;

use super::{cloakroom, printed, status};
use crate::support::installation::{Installation, run, text};

#[test]
fn check_names_the_place_and_suggests_the_right_key() {
    let installation = Installation::with_database("sqlite:x.db", "");
    let path = installation.config();
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("lisen = \"127.0.0.1:1\"\n{good}")).unwrap();
    let output = installation.command(&["check"], "");
    assert_eq!(status(&output), 1);
    let expected = "cloakroom.toml:1:1: unknown key `lisen`; did you mean `listen`?";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    let serve = installation.command(&["serve"], "");
    assert_eq!((status(&serve), serve.stderr), (1, output.stderr));
}

#[test]
fn the_environment_overrides_the_file_and_a_flag_overrides_both() {
    let installation = Installation::with_database("sqlite:x.db", "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["check", "-c"]).arg(installation.config()).envs([
        ("CLOAKROOM_APP__NAME", "Other"),
        ("CLOAKROOM_PASSWORD__MIN_LENGTH", "12"),
        ("CLOAKROOM_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128"),
        ("CLOAKROOM_PORT", "tcp://10.0.0.1:80"),
    ]);
    let output = run(command, "");
    assert_eq!(status(&output), 0, "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    let squeezed = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "name = \"Other\" # env CLOAKROOM_APP__NAME",
        "min_length = 12 # env CLOAKROOM_PASSWORD__MIN_LENGTH",
        "trusted_proxies = [\"10.0.0.0/8\", \"::1/128\"] # env CLOAKROOM_TRUSTED_PROXIES",
        "listen = \"127.0.0.1:3000\" # default",
    ] {
        assert!(squeezed.contains(line), "{line} in {shown}");
    }
}

#[test]
fn a_key_file_in_the_environment_overrides_a_key_in_the_file() {
    let installation = Installation::with_database("sqlite:x.db", "");
    let text = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), format!("secret = \"0123456789abcdef0123456789abcdef\"\n{text}"))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["check", "-c"]).arg(installation.config()).env("CLOAKROOM_SECRET_FILE", "other.key");
    let shown = printed(&run(command, ""));
    assert!(shown.contains("other.key") && !shown.contains("secret = "), "{shown}");
}

#[test]
fn a_mistyped_variable_is_refused() {
    let output = cloakroom(&["check", "--data-dir", "x"], &[("CLOAKROOM_APP__NMAE", "x")]);
    assert_eq!(status(&output), 1);
    let expected = "CLOAKROOM_APP__NMAE: unknown variable; did you mean CLOAKROOM_APP__NAME?";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
}

#[test]
fn check_shows_no_secret() {
    let installation = Installation::with_database("postgres://user:hunter2hunter2@127.0.0.1/x", "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["check", "-c"]).arg(installation.config());
    command.env("CLOAKROOM_SECRET", "0123456789abcdef0123456789abcdef");
    let shown = text(&run(command, "").stdout);
    assert!(shown.contains("[redacted]"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789abcdef"), "{shown}");
}

/// No output contains the password: neither the JSON log nor `check`.
#[test]
fn finding_n9_an_unescaped_password_in_a_url_is_shown_nowhere() {
    for url in [
        "postgres://app:2024#Secret@127.0.0.1:1/db",
        "postgres://app:2024?Secret@127.0.0.1:1/db",
        "postgres://app:2024/Secret@127.0.0.1:1/db",
        "postgres://app:x@127.0.0.1:1/db?passwd=Secret",
    ] {
        let installation = Installation::with_database(url, "");
        for arguments in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"], &["user", "list"]] {
            let output = installation.command(arguments, "");
            let told = text(&output.stdout) + &text(&output.stderr);
            assert!(!told.contains("Secret"), "{arguments:?} {told}");
            let is_split = !url.contains("passwd");
            assert_eq!(told.contains("%23"), is_split, "{arguments:?}: {told}");
            assert_eq!(
                status(&output),
                i32::from(is_split || arguments[0] != "check"),
                "{arguments:?}: {told}"
            );
        }
    }
}

#[test]
fn finding_s16_check_warns_of_doubtful_settings() {
    let installation = Installation::with_database("postgres://app:x@db.test/app", "");
    let output = installation.command(&["check"], "");
    assert_eq!(status(&output), 0);
    assert!(
        text(&output.stdout).parse::<toml::Table>().is_ok(),
        "warnings do not stand in what is read back"
    );
    let told = text(&output.stderr);
    assert!(told.contains("warning: ") && told.contains("`database.url`: does not insist on TLS"), "{told}");
    assert!(told.contains("cloakroom.toml can be read by everybody"), "{told}");
}
