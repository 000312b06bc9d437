//! Mail from the binary: the command line, and a real SMTP server that is down, slow or refusing.

mod inbox;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::installation::{Installation, PASSWORD, run, text};
use crate::support::smtp_sink::SmtpSink;

/// Longer than any wait between two attempts in these tests.
const PATIENCE: Duration = Duration::from_secs(40);

/// Polls until there is a value.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} never came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn sign_up(mut browser: Browser, email: &str) -> Browser {
    browser.get("/api/login-set-cookie/");
    let reply = browser.post("/api/signup/", &json!({"email": email, "password": PASSWORD}));
    assert_eq!(reply.status, 202, "{}", reply.text());
    browser
}

/// An installation that sends its mail to this URL.
fn installation(url: &str) -> Installation {
    let installation = Installation::new("");
    let config = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), config.replace("smtp://127.0.0.1:1\"", &format!("{url}\""))).unwrap();
    installation
}

fn with_sink(sink: &SmtpSink) -> Installation {
    installation(&format!("smtp://127.0.0.1:{}", sink.port()))
}

fn waiting(installation: &Installation) -> Vec<Value> {
    let output = installation.command(&["mail", "list", "--json"], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn previews_show_every_mail_without_an_installation() {
    let cloakroom = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command.arg("mail").arg("preview").args(arguments);
        run(command, "")
    };
    let names = text(&cloakroom(&["--list"]).stdout);
    assert_eq!(names.lines().count(), 24, "{names}");
    for name in names.lines() {
        let german = text(&cloakroom(&[name, "--locale", "de"]).stdout);
        assert!(german.starts_with("Subject: ") && german.contains("Cloakroom"), "{german}");
        let html = text(&cloakroom(&[name, "--format", "html"]).stdout);
        assert!(html.starts_with("<!doctype html>") && html.contains("<html lang=\"en\""), "{html}");
    }
    let unknown = cloakroom(&["nothing"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("verify_email"), "{}", text(&unknown.stderr));
}

#[test]
fn a_preview_of_all_mails_is_served_on_this_machine_alone() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    let mut server = command.args(["mail", "preview"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let (_, url) = said.trim_end().split_once("http://127.0.0.1:").expect("an address of this machine");
    let origin = format!("http://127.0.0.1:{}", url.trim_end_matches('/'));
    let mut browser = Browser::at(origin["http://".len()..].parse().unwrap(), &origin);
    let listed = browser.get("/mails.js").text();
    assert_eq!(listed.matches("\"language\":").count(), 24 * 4, "{listed}");
    for path in ["/", "/style.css", "/inter.woff2", "/script.js", "/icon.svg"] {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    assert_eq!(browser.get("/nothing").status, 404);
    let [light, dark] =
        ["light", "dark"].map(|theme| browser.get(&format!("/de/verify_email.{theme}.html")).text());
    assert!(light.contains("@media not all") && dark.contains("@media all"), "{dark}");
    assert!(!dark.contains("prefers-color-scheme"), "{dark}");
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_preview_of_all_mails_can_be_kept_as_files() {
    let directory = tempfile::tempdir().unwrap();
    let into = directory.path().join("previews");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["mail", "preview", "--out"]).arg(&into);
    let output = run(command, "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("index.html"), "{}", text(&output.stdout));
    for language in ["en", "de", "fr", "es"] {
        assert_eq!(fs::read_dir(into.join(language)).unwrap().count(), 24 * 4, "{language}");
    }
    assert!(fs::read_to_string(into.join("en/test.txt")).unwrap().starts_with("Email works\n"));
}

/// Runs `cloakroom mail test`, with this certificate trusted.
fn test_mail(url: &str, trusted: Option<&std::path::Path>) -> Output {
    let installation = installation(url);
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["mail", "test", "ada@example.test", "-c"]).arg(installation.config());
    if let Some(path) = trusted {
        command.env("SSL_CERT_FILE", path);
    }
    run(command, "")
}

#[test]
fn a_test_mail_reports_the_reply_of_the_server() {
    let mut sink = SmtpSink::start(&json!({}));
    let url = format!("smtp://127.0.0.1:{}", sink.port());
    let output = test_mail(&url, None);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("on its way to ada@example.test: 250 "),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(sink.wait_for_mails(1)[0].header("Subject"), "Test email from Acme");
    sink.refuse("rcpt", 550, "5.1.1 nobody here");
    let output = test_mail(&url, None);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("refused") && told.contains("550") && told.contains("nobody here"), "{told}");
}

#[test]
fn l12_mail_is_sent_only_to_servers_with_a_trusted_certificate() {
    let directory = tempfile::tempdir().unwrap();
    for (tls, scheme) in [("starttls", "smtp+starttls"), ("implicit", "smtps")] {
        let ca = directory.path().join(tls);
        let sink = SmtpSink::start(&json!({"tls": tls, "ca": &ca, "user": "ada", "password": "pass"}));
        let url = format!("{scheme}://ada:pass@127.0.0.1:{}", sink.port());
        let refused = test_mail(&url, None);
        assert_eq!(refused.status.code(), Some(1), "nobody vouches for it");
        assert_eq!(sink.mails().len(), 0);
        let sent = test_mail(&url, Some(&ca));
        assert_eq!(sent.status.code(), Some(0), "{tls}: {}", text(&sent.stderr));
        let mails = sink.wait_for_mails(1);
        assert!(
            mails[0].is_secure
                && mails[0].user.as_deref() == Some("ada")
                && mails[0].from == "no-reply@acme.test"
        );
        assert!(!mails[0].is_utf8);
    }
}

#[test]
fn l12_a_refusal_for_now_is_tried_again_with_the_same_mail() {
    let mut sink = SmtpSink::start(&json!({}));
    let installation = with_sink(&sink);
    let node = installation.node();
    // Refused after the whole mail was read, then accepted.
    sink.refuse("data", 451, "greylisted");
    sign_up(node.browser(), "ada@example.test");
    let row = wait_for("a failed try", || {
        waiting(&installation).into_iter().find(|mail| mail["last_error"].is_string())
    });
    assert_eq!(
        (&row["kind"], &row["to"], &row["state"]),
        (&json!("verify_email"), &json!("ada@example.test"), &json!("waiting"))
    );
    assert!(
        row["last_error"].as_str().unwrap().contains("greylisted") && row["next_try_at"].is_string(),
        "{row}"
    );
    let table = text(&installation.command(&["mail", "list"], "").stdout);
    assert!(table.contains("greylisted") && table.contains("ada@example.test"), "{table}");
    let failed_at = Instant::now();
    sink.behave(&json!({"behaviour": "accept"}));
    let mails = sink.wait_for_mails(1);
    assert!(failed_at.elapsed() < Duration::from_secs(10), "the first retry comes within 10 s");
    assert_eq!(mails[0].header("Message-ID"), format!("<{}@localhost>", row["id"].as_str().unwrap()));
    wait_for("an empty outbox", || waiting(&installation).is_empty().then_some(()));
    assert_eq!(text(&installation.command(&["mail", "list"], "").stdout), "Every mail has left.\n");
    assert_eq!(sink.mails().len(), 1, "and no second one");
}

#[test]
fn l12_a_refusal_for_good_is_given_up_visibly_and_can_be_tried_again() {
    let mut sink = SmtpSink::start(&json!({}));
    let installation = with_sink(&sink);
    let node = installation.node();
    sink.refuse("rcpt", 550, "no such mailbox");
    let mut browser = sign_up(node.browser(), "ada@example.test");
    let row = wait_for("an abandoned mail", || {
        waiting(&installation).into_iter().find(|mail| mail["state"] == "abandoned")
    });
    assert_eq!((&row["attempts"], &row["next_try_at"]), (&json!(1), &Value::Null));
    assert!(row["last_error"].as_str().unwrap().contains("no such mailbox"), "{row}");
    let table = text(&installation.command(&["mail", "list"], "").stdout);
    assert!(table.contains("given up"), "{table}");
    let unknown = installation.command(&["mail", "retry", "nothing"], "");
    assert_eq!(
        (unknown.status.code(), text(&unknown.stderr)),
        (Some(1), "nothing is not an abandoned mail\n".to_owned())
    );
    let every = installation.command(&["mail", "retry"], "");
    assert_eq!(text(&every.stdout), "1 mail is tried again.\n", "whoever names none means all of them");
    let row = wait_for("the same mail, abandoned again", || {
        waiting(&installation).into_iter().find(|mail| mail["state"] == "abandoned")
    });
    sink.behave(&json!({"behaviour": "accept"}));
    let id = row["id"].as_str().unwrap();
    let retried = installation.command(&["mail", "retry", id], "");
    assert_eq!(text(&retried.stdout), "1 mail is tried again.\n", "{}", text(&retried.stderr));
    let mails = sink.wait_for_mails(1);
    assert_eq!(mails[0].header("Message-ID"), format!("<{id}@localhost>"));
    let verified = browser.post("/api/email/verify/", &json!({"token": mails[0].token()}));
    assert_eq!(verified.status, 200, "{}", verified.text());
    wait_for("an empty outbox", || waiting(&installation).is_empty().then_some(()));
    for none in [["mail", "retry"].as_slice(), &["mail", "retry", "--all"]] {
        assert_eq!(text(&installation.command(none, "").stdout), "No mail was given up.\n");
    }
}

#[test]
fn l12_a_mail_server_that_hangs_or_is_away_changes_no_answer() {
    let mut sink = SmtpSink::start(&json!({}));
    let installation = with_sink(&sink);
    let node = installation.node();
    for behaviour in
        [json!({"behaviour": "hang", "at": "connect"}), json!({"behaviour": "drop", "at": "connect"})]
    {
        sink.behave(&behaviour);
        for email in ["one@example.test", "two@example.test", "three@example.test"] {
            let started = Instant::now();
            sign_up(node.browser(), email);
            assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for mail: {behaviour}");
        }
    }
    sink.wait_for_connections(1);
    let known = sink.connections();
    assert!(known >= 1 && node.browser().get("/readyz").status == 200, "the process lives");
    assert_eq!(sink.mails().len(), 0);
}

#[test]
fn l02_a_kill_while_the_server_takes_a_mail_loses_nothing() {
    let mut sink = SmtpSink::start(&json!({}));
    let installation = with_sink(&sink);
    let node = installation.node();
    sink.behave(&json!({"behaviour": "slow", "milliseconds": 60_000}));
    sign_up(node.browser(), "ada@example.test");
    sink.wait_for_mails(1);
    // The server has received the mail but has not confirmed it.
    drop(node);
    sink.behave(&json!({"behaviour": "accept"}));
    let _node = installation.node();
    let mails = sink.wait_for_mails(2);
    wait_for("an empty outbox", || waiting(&installation).is_empty().then_some(()));
    assert_eq!(sink.mails().len(), 2, "at most one duplicate");
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].token(), mails[1].token());
}

#[test]
fn l03_a_mail_that_a_dead_process_had_taken_on_leaves_with_another() {
    let mut sink = SmtpSink::start(&json!({}));
    let installation = with_sink(&sink);
    let node = installation.node();
    sink.behave(&json!({"behaviour": "hang", "at": "mail"}));
    sign_up(node.browser(), "ada@example.test");
    sink.wait_for_connections(1);
    drop(node);
    sink.behave(&json!({"behaviour": "accept"}));
    let _node = installation.node();
    sink.wait_for_mails(1);
    wait_for("an empty outbox", || waiting(&installation).is_empty().then_some(()));
    assert_eq!(sink.mails().len(), 1, "exactly one");
}

#[test]
fn an_invitation_lets_somebody_choose_their_first_password() {
    let sink = SmtpSink::start(&json!({}));
    let installation = with_sink(&sink);
    let node = installation.node();
    let add = |arguments: &[&str]| installation.command(&[&["user", "add"], arguments].concat(), "");
    let added = add(&["Ann@Example.test", "--invite", "--locale", "de", "--staff"]);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let mails = sink.wait_for_mails(1);
    assert_eq!(
        (mails[0].to.as_slice(), mails[0].header("Subject").as_str()),
        (["Ann@example.test".to_owned()].as_slice(), "Willkommen bei Acme")
    );
    let mut browser = node.browser();
    assert_eq!(
        browser.login("ann@example.test", PASSWORD).problem(),
        "invalid_credentials",
        "it has no password yet"
    );
    let chosen = json!({"token": mails[0].token(), "password": PASSWORD});
    let confirmed = browser.post("/api/password/reset/confirm/", &chosen);
    assert_eq!(confirmed.status, 200, "{}", confirmed.text());
    assert_eq!(browser.post("/api/password/reset/confirm/", &chosen).status, 410, "it works once");
    assert_eq!(browser.login("ann@example.test", PASSWORD).status, 200);
    assert_eq!(browser.get("/api/users/profile/").json()["is_staff"], true);
    let again = add(&["ann@example.test", "--invite"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("exists already"), "{}", text(&again.stderr));
    assert_eq!(add(&["bob@example.test", "--invite", "--password-stdin"]).status.code(), Some(2));
    assert_eq!(add(&["bob@example.test", "--invite", "--locale", "tlh"]).status.code(), Some(1));
    assert_eq!(sink.wait_for_mails(2).len(), 2, "the invitation, and word of the new password");
}
