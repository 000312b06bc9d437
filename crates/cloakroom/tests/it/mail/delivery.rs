//! The text of mails, and their delivery to a real SMTP server on loopback.

use axum::Router;
use cloakroom::config::SecretUrl;
use cloakroom::mailing::{self, MailView, Outcome};
use cloakroom::testing::TestApp;
use cloakroom::{Config, Error};
use serde_json::json;

use crate::support::database::Database;
use crate::support::smtp_sink::{ReceivedMail, SmtpSink};

const CODE: &str = "482913";
/// Mails that contain a link with a token.
const WITH_TOKEN: [&str; 9] = [
    "verify_email",
    "password_reset",
    "invitation",
    "email_change",
    "email_change_requested",
    "email_changed",
    "email_restored",
    "address_reserved",
    "social_email",
];
/// Mails that contain a code.
const WITH_CODE: [&str; 3] = ["verify_email", "social_email", "link_code"];

fn config() -> Config {
    TestApp::config("sqlite:never-opened.db")
}

fn every_mail(config: &Config) -> Vec<(&'static str, &'static str, MailView)> {
    let names = mailing::names();
    assert_eq!(names.len(), 24);
    let both = names.into_iter().flat_map(|name| mailing::locales().into_iter().map(move |tag| (name, tag)));
    both.map(|(name, tag)| (name, tag, mailing::preview(config, name, tag).unwrap())).collect()
}

#[test]
fn every_mail_is_whole_in_every_language() {
    for (name, locale, mail) in every_mail(&config()) {
        let about = format!("{name} {locale}:\n{}\n{}\n{}", mail.subject, mail.text, mail.html);
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains("{{") && !part.contains("{%"), "{about}");
            assert!(part.contains("Acme") || part.contains("localhost"), "{about}");
        }
        assert!(mail.html.contains(&format!("<html lang=\"{locale}\" dir=\"ltr\">")), "{about}");
        let (not_you, month): (&[&str], _) = match locale {
            "de" => {
                (&["Wenn Sie das nicht ", "Wenn Sie sie nicht ", "Wenn Sie sich nicht "], "November 2026")
            }
            "fr" => (&["Si ce n'était pas vous", "Si vous ne "], "novembre 2026"),
            "es" => (&["Si no "], "noviembre de 2026"),
            _ => {
                (&["If this wasn't you", "If you weren't expecting this", "If you didn't "], "November 2026")
            }
        };
        let html = mail.html.replace("&#x27;", "'");
        for part in [&mail.text, &html] {
            assert!(not_you.iter().any(|words| part.contains(words)), "{about}");
            assert!(part.contains(month) && part.contains("UTC"), "{about}");
            assert!(
                part.contains("Firefox") && part.contains("Linux") && part.contains("203.0.113.7"),
                "{about}"
            );
            assert!(part.contains("ada@example.test") && part.contains("localhost:3000"), "{about}");
        }
        assert!(
            !format!("{}{}", mail.subject, mail.text).contains("none"),
            "nothing absent is named: {about}"
        );
        assert!(!mail.text.contains("\n\n\n"), "no holes where something is left out: {about}");
        for foreign in ["<img", "<script", "@import", "url(", "http-equiv", "src="] {
            assert!(!mail.html.contains(foreign), "nothing is loaded and nothing tracks: {about}");
        }
    }
}

#[test]
fn links_and_codes_are_in_the_mails_that_need_them() {
    for (name, locale, mail) in every_mail(&config()) {
        let about = format!("{name} {locale}:\n{}\n{}", mail.text, mail.html);
        let is_link = |line: &&str| line.starts_with("http://localhost:3000/");
        let links: Vec<&str> = mail.text.lines().filter(is_link).collect();
        assert!(links.len() <= 1, "one button: {about}");
        assert_eq!(mail.text.contains("#token="), WITH_TOKEN.contains(&name), "{about}");
        for link in &links {
            assert_eq!(
                mail.html.matches(&format!("href=\"{link}\"")).count(),
                2,
                "button and plain URL: {about}"
            );
            assert!(mail.html.contains(&format!(">{link}</a>")), "{about}");
        }
        assert_eq!(mail.html.matches("href=").count(), links.len() * 2, "no other link: {about}");
        let codes = mail.text.lines().filter(|line| *line == CODE).count();
        assert_eq!(codes, usize::from(WITH_CODE.contains(&name)), "together, on a line of its own: {about}");
        assert_eq!(mail.html.matches(CODE).count(), codes, "{about}");
        assert!(
            !mail.subject.contains(CODE) && !mail.subject.contains("http"),
            "a locked screen shows it: {about}"
        );
    }
}

#[test]
fn both_addresses_of_a_change_are_named_to_the_old_one_only() {
    for (name, _, mail) in every_mail(&config()) {
        let is_named = mail.text.contains("ada.lovelace@example.test");
        assert_eq!(
            is_named,
            ["email_change_requested", "email_changed", "address_reserved"].contains(&name),
            "{name}"
        );
    }
}

#[test]
fn an_unknown_mail_or_language_is_reported_with_the_known_ones() {
    for (name, locale, known) in [("verify", "en", "verify_email"), ("verify_email", "tlh", "en, de, fr, es")]
    {
        match mailing::preview(&config(), name, locale) {
            Err(Error::Validation(fields)) => assert!(fields[0].detail.contains(known), "{fields:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn t13_a_name_is_never_read_as_html_or_as_a_template() {
    let mut config = config();
    "Acme \"<img src=x onerror=1>' {{7*7}} {% if %} {{ to }} &amp;".clone_into(&mut config.app.name);
    for (name, _, mail) in every_mail(&config) {
        assert!(!mail.html.contains("<img") && !mail.html.contains("onerror=1>'"), "{name}: {}", mail.html);
        assert!(
            mail.html.contains("&lt;img src=x onerror=1&gt;&#x27; {{7*7}} {% if %} {{ to }} &amp;amp;"),
            "{name}: {}",
            mail.html
        );
        for part in [&mail.subject, &mail.text] {
            assert!(!part.contains("49") || part.contains("{{7*7}}"), "{name}");
            assert!(!part.contains("&lt;"), "plain text is not escaped: {name} {part}");
        }
        assert!(
            mail.text.contains("\"<img src=x onerror=1>' {{7*7}} {% if %} {{ to }} &amp;"),
            "{name}: {}",
            mail.text
        );
    }
}

/// Sends the test mail through a sink.
async fn send(sink: &SmtpSink, scheme: &str, to: &str, change: impl FnOnce(&mut Config)) -> Outcome {
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    config.mail.url = SecretUrl::from(format!("{scheme}127.0.0.1:{}", sink.port()).as_str());
    change(&mut config);
    let app = TestApp::with(config, Router::new()).await;
    app.cloakroom.mailing().test(to).await.unwrap()
}

#[track_caller]
fn only_mail(sink: &SmtpSink, outcome: Outcome) -> ReceivedMail {
    match outcome {
        Outcome::Taken(answer) => assert!(answer.starts_with("250 "), "{answer}"),
        Outcome::Failed { reason, .. } => panic!("{reason}"),
    }
    let mut mails = sink.wait_for_mails(1);
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

#[track_caller]
fn failure(outcome: Outcome) -> (bool, String) {
    match outcome {
        Outcome::Taken(answer) => panic!("{answer}"),
        Outcome::Failed { is_permanent, reason } => (is_permanent, reason),
    }
}

#[tokio::test]
async fn a_mail_has_two_parts_and_the_headers_of_automatic_mail() {
    let sink = SmtpSink::start(&json!({}));
    let mail = only_mail(&sink, send(&sink, "smtp://", "Ada@Example.TEST", |_| {}).await);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("no-reply@acme.test", ["Ada@example.test".to_owned()].as_slice())
    );
    assert!(!mail.is_secure && !mail.is_utf8 && mail.user.is_none());
    assert_eq!(mail.header("From"), "Acme <no-reply@acme.test>");
    assert_eq!(mail.header("To"), "Ada@example.test");
    assert_eq!(mail.header("Subject"), "Test email from Acme");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("X-Auto-Response-Suppress"), "All");
    let id = mail.header("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@localhost>"), "{id}");
    assert!(mail.header("Date").ends_with("+0000"), "{}", mail.header("Date"));
    assert!(mail.part("text/plain").starts_with("Email works\n\nThis is a test."), "{}", mail.raw);
    assert!(mail.part("text/html").starts_with("<!doctype html>"), "{}", mail.raw);
}

#[tokio::test]
async fn subjects_and_senders_beyond_ascii_arrive_as_they_are() {
    let sink = SmtpSink::start(&json!({}));
    let outcome = send(&sink, "smtp://", "ada@example.test", |config| {
        "Größe & Söhne, 日本 🧥".clone_into(&mut config.app.name);
        "Größe, Söhne <no-reply@bücher.test>".clone_into(&mut config.mail.from);
    });
    let mail = only_mail(&sink, outcome.await);
    assert_eq!(mail.header("Subject"), "Test email from Größe & Söhne, 日本 🧥");
    assert_eq!(mail.header("From"), "Größe, Söhne <no-reply@xn--bcher-kva.test>");
    assert!(mail.raw.is_ascii(), "every header and body is encoded");
    assert!(mail.part("text/plain").contains("Größe & Söhne, 日本 🧥"));
}

#[tokio::test]
async fn t13_a_name_makes_no_header_of_its_own() {
    let sink = SmtpSink::start(&json!({}));
    let hostile = format!("Acme\r\nBcc: v@x.test\r\n\r\n<img>{}", "x".repeat(10_000));
    let outcome = send(&sink, "smtp://", "ada@example.test", |config| config.app.name = hostile);
    let mail = only_mail(&sink, outcome.await);
    assert_eq!(mail.to, ["ada@example.test"]);
    assert!(mail.headers("Bcc").is_empty(), "{}", mail.raw);
    let header = mail.raw.split("\r\n\r\n").next().unwrap();
    assert!(header.lines().all(|line| line.len() <= 998), "RFC 5322, section 2.1.1");
    assert_eq!(mail.part("text/html").matches("<img>").count(), 0);
}

#[tokio::test]
async fn t12_an_address_that_could_be_read_as_two_gets_no_mail() {
    let sink = SmtpSink::start(&json!({}));
    let database = Database::new().await;
    let mut config = TestApp::config(&database.url);
    config.mail.url = SecretUrl::from(format!("smtp://127.0.0.1:{}", sink.port()).as_str());
    let app = TestApp::with(config, Router::new()).await;
    for to in [
        "a@x.test,v@y.test",
        "a@x.test v@y.test",
        "\"a@x.test\"@y.test",
        "a@evil@x.test",
        "a\u{ff20}evil@x.test",
        "a@x.test\r\nBcc: v@y.test",
        "a@x.test>\r\nRCPT TO:<v@y.test",
        "<a@x.test>",
        "a@x.test\0",
        "",
    ] {
        let outcome = app.cloakroom.mailing().test(to).await;
        assert!(matches!(outcome, Err(Error::Validation(_))), "{to:?}");
    }
    assert_eq!((sink.connections(), sink.mails().len()), (0, 0));
    assert!(matches!(app.cloakroom.mailing().test(" o'neil+tag@x.test ").await, Ok(Outcome::Taken(_))));
    assert_eq!(sink.wait_for_mails(1)[0].to, ["o'neil+tag@x.test"]);
}

#[tokio::test]
async fn t11_an_address_beyond_ascii_goes_out_right_or_fails_for_good() {
    let sink = SmtpSink::start(&json!({}));
    let mail = only_mail(&sink, send(&sink, "smtp://", "ada@bücher.test", |_| {}).await);
    // The sink shows a domain as people write it. That it came without SMTPUTF8 means that it came as ASCII.
    assert_eq!((mail.header("To").as_str(), mail.is_utf8), ("ada@xn--bcher-kva.test", false));
    assert_eq!(mail.to, ["ada@bücher.test"]);
    let sink = SmtpSink::start(&json!({}));
    let mail = only_mail(&sink, send(&sink, "smtp://", "rené@x.test", |_| {}).await);
    assert_eq!((mail.to, mail.is_utf8), (vec!["rené@x.test".to_owned()], true));
    let sink = SmtpSink::start(&json!({"smtputf8": false}));
    let (is_permanent, reason) = failure(send(&sink, "smtp://", "rené@x.test", |_| {}).await);
    assert!(is_permanent && reason.contains("SMTPUTF8"), "{reason}");
    assert_eq!(sink.mails().len(), 0);
}

#[tokio::test]
async fn l12_temporary_and_permanent_refusals_are_told_apart() {
    let mut sink = SmtpSink::start(&json!({}));
    for (at, code, is_permanent) in [
        ("connect", 421, false),
        // A refusal before the server knows the mail is not about the mail.
        ("connect", 554, false),
        ("mail", 451, false),
        ("mail", 530, false),
        // A refusal of the sender can be fixed by the operator.
        ("mail", 553, false),
        ("rcpt", 450, false),
        ("rcpt", 550, true),
        ("data", 452, false),
        ("data", 554, true),
    ] {
        sink.refuse(at, code, "come on");
        let (permanent, reason) = failure(send(&sink, "smtp://", "ada@example.test", |_| {}).await);
        assert_eq!(permanent, is_permanent, "{at} {code}: {reason}");
        assert!(reason.contains(&code.to_string()) && reason.contains("come on"), "{at} {code}: {reason}");
    }
    for at in ["connect", "mail", "rcpt", "data"] {
        sink.behave(&json!({"behaviour": "drop", "at": at}));
        let (is_permanent, reason) = failure(send(&sink, "smtp://", "ada@example.test", |_| {}).await);
        assert!(!is_permanent && !reason.is_empty(), "{at}: {reason}");
    }
    assert_eq!(sink.mails().len(), 0);
    sink.behave(&json!({"behaviour": "accept"}));
    only_mail(&sink, send(&sink, "smtp://", "ada@example.test", |_| {}).await);
}

#[tokio::test]
async fn l12_a_server_that_is_down_is_reported() {
    let sink = SmtpSink::start(&json!({}));
    let port = sink.port();
    drop(sink);
    let nobody = SmtpSink::start(&json!({}));
    let url = format!("smtp://127.0.0.1:{port}");
    let outcome = send(&nobody, "smtp://", "ada@example.test", |config| {
        config.mail.url = SecretUrl::from(url.as_str());
    });
    let (is_permanent, reason) = failure(outcome.await);
    assert!(!is_permanent && reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn l12_a_required_starttls_is_never_dropped() {
    let sink = SmtpSink::start(&json!({"tls": "none"}));
    let (is_permanent, reason) = failure(send(&sink, "smtp+starttls://", "ada@example.test", |_| {}).await);
    assert!(!is_permanent && reason.contains("STARTTLS"), "{reason}");
    sink.wait_for_connections(1);
    assert_eq!(sink.mails().len(), 0);
}

#[tokio::test]
async fn finding_q6_l12_an_untrusted_certificate_gets_no_mail_and_a_clear_error() {
    for (tls, scheme) in [("starttls", "smtp+starttls://"), ("implicit", "smtps://")] {
        let sink = SmtpSink::start(&json!({"tls": tls}));
        let (is_permanent, reason) = failure(send(&sink, scheme, "ada@example.test", |_| {}).await);
        assert!(!is_permanent && reason.to_lowercase().contains("certificate"), "{tls}: {reason}");
        assert!(reason.contains("self-signed") && reason.contains("SSL_CERT_FILE"), "{tls}: {reason}");
        assert_eq!(sink.mails().len(), 0);
    }
}

#[tokio::test]
async fn user_and_password_come_from_the_url() {
    let sink = SmtpSink::start(&json!({"user": "ada@acme.test", "password": "p@ss/w:rd%"}));
    let mail = only_mail(
        &sink,
        send(&sink, "smtp://ada%40acme.test:p%40ss%2Fw%3Ard%25@", "ada@example.test", |_| {}).await,
    );
    assert_eq!(mail.user.as_deref(), Some("ada@acme.test"));
    let (is_permanent, reason) =
        failure(send(&sink, "smtp://ada%40acme.test:wrong-secret@", "ada@example.test", |_| {}).await);
    assert!(!is_permanent && reason.contains("535"), "a password can be set right: {reason}");
    assert!(!reason.contains("wrong-secret"));
    let (is_permanent, reason) = failure(send(&sink, "smtp://", "ada@example.test", |_| {}).await);
    assert!(!is_permanent && reason.contains("530"), "{reason}");
    assert_eq!(sink.mails().len(), 1);
}
