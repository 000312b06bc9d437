//! The command line: what people type, and what they read back.

mod audit;
mod configuration;
mod start;

use std::process::{Command, Output};

use crate::support::browser::Browser;
use crate::support::installation::{Installation, PASSWORD, run, text};
use crate::support::server::Server;

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn cloakroom(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(arguments).envs(environment.iter().copied());
    run(command, "")
}

#[test]
fn an_account_is_added_listed_changed_and_deleted() {
    let installation = Installation::new("");
    installation.add("Ann@Example.test");
    let shown = installation.command(&["user", "show", "ann@example.test", "--json"], "");
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["email"], "Ann@Example.test");
    assert_eq!((&shown["is_active"], &shown["is_staff"]), (&true.into(), &false.into()));
    for (arguments, field, expected) in [
        (&["promote"][..], "is_staff", true),
        (&["promote", "--superuser"], "is_superuser", true),
        (&["demote"], "is_staff", false),
        (&["deactivate"], "is_active", false),
        (&["activate"], "is_active", true),
    ] {
        let line = [&["user"], arguments, &["ann@example.test"]].concat();
        let output = installation.command(&line, "");
        assert_eq!(status(&output), 0, "{line:?} {}", text(&output.stderr));
        let list = installation.command(&["user", "list", "--json"], "");
        let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
        assert_eq!(list[0][field], expected, "{line:?}");
    }
    assert_eq!(status(&installation.command(&["user", "delete", "ann@example.test"], "")), 0);
    let empty = installation.command(&["user", "list"], "");
    assert!(text(&empty.stdout).contains("There are no accounts yet"), "{}", text(&empty.stdout));
}

#[test]
fn a_refusal_is_status_1_and_wrong_usage_is_status_2() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let again = installation.command(&["user", "add", "ann@example.test", "--password-stdin"], PASSWORD);
    assert_eq!((status(&again), text(&again.stderr).trim()), (1, "ann@example.test exists already"));
    let nobody = installation.command(&["user", "show", "bob@example.test"], "");
    assert_eq!((status(&nobody), text(&nobody.stderr).trim()), (1, "bob@example.test has no account"));
    let no_terminal = installation.command(&["user", "add", "bob@example.test"], "");
    assert_eq!(status(&no_terminal), 2, "{}", text(&no_terminal.stderr));
    assert_eq!(status(&cloakroom(&["user", "sing"], &[])), 2);
    assert_eq!(status(&cloakroom(&["dev", "--listen", "0.0.0.0:0"], &[])), 2);
    assert_eq!(status(&cloakroom(&["user", "list", "--data-dir", "/nonexistent"], &[])), 1);
}

/// W04: the same rules as everywhere, with the reason.
#[test]
fn w04_a_weak_password_is_refused_with_the_reason() {
    let installation = Installation::new("");
    for (password, reason) in [
        ("short", "at least 10"),
        ("qwertyuiop", "lists"),
        ("ann.example", "too close"),
        ("", "Choose a password"),
    ] {
        let output =
            installation.command(&["user", "add", "ann.example@x.test", "--password-stdin"], password);
        assert_eq!(status(&output), 1, "{password}");
        assert!(text(&output.stderr).contains(reason), "{password}: {}", text(&output.stderr));
    }
}

#[test]
fn a_password_is_never_read_from_the_arguments() {
    let output = cloakroom(&["user", "add", "--help"], &[]);
    assert!(!text(&output.stdout).contains("--password "), "{}", text(&output.stdout));
}

#[test]
fn every_command_has_help() {
    for command in ["dev", "serve", "user", "audit", "migrate", "check", "openapi"] {
        assert_eq!(status(&cloakroom(&[command, "--help"], &[])), 0, "{command}");
    }
}

#[test]
fn dev_has_three_people_to_sign_in_as() {
    let server = Server::dev();
    let origin = format!("http://{}", server.host());
    let sign_in = |email: &str| Browser::at(server.address(), &origin).login(email, "correct-horse-battery");
    let ada = sign_in("ada@example.test").json();
    assert_eq!((&ada["user"]["is_staff"], &ada["user"]["is_superuser"]), (&true.into(), &true.into()));
    assert_eq!(sign_in("grace@example.test").json()["user"]["is_staff"], false);
    assert_eq!(sign_in("alan@example.test").json()["code"], "account_inactive");
}

/// M06: nobody can sign in before an account was added.
#[test]
fn m06_production_has_no_default_account() {
    let installation = Installation::new("");
    let node = installation.node();
    for email in ["ada@example.test", "admin@example.test"] {
        let reply = node.browser().login(email, "correct-horse-battery");
        assert_eq!((reply.status, reply.problem().as_str()), (400, "invalid_credentials"));
    }
}

#[test]
fn nothing_of_dev_exists_in_serve() {
    let installation = Installation::new("");
    let node = installation.node();
    for path in ["/api/dev/mail/", "/api/dev/"] {
        assert_eq!(node.browser().get(path).status, 404, "{path}");
    }
}
