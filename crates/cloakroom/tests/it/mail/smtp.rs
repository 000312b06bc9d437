//! Mail servers that do what the standards allow, and some that break them, byte by byte (RFC 5321, RFC
//! 3207).

use std::time::Duration;

use cloakroom::Config;
use cloakroom::config::SecretUrl;
use cloakroom::mailing::Outcome;
use cloakroom::testing::PASSWORD;

use crate::support::app::{App, app_with};
use crate::support::people::{EVE, visitor};
use crate::support::scripted_smtp::{Script, ScriptedSmtp};

const MINUTE: Duration = Duration::from_mins(1);
/// Time limits for each reply (RFC 5321, section 4.5.3.2).
const LIMITS: [(&str, Duration); 6] = [
    ("connect", Duration::from_mins(5)),
    ("ehlo", Duration::from_mins(5)),
    ("mail", Duration::from_mins(5)),
    ("rcpt", Duration::from_mins(5)),
    ("data", Duration::from_mins(2)),
    ("end", Duration::from_mins(10)),
];

async fn app_mailing_to(server: &ScriptedSmtp, url: &str, change: impl FnOnce(&mut Config)) -> App {
    let url = url.replace("PORT", &server.port().to_string());
    app_with(|config| {
        config.mail.url = SecretUrl::from(url.as_str());
        change(config);
    })
    .await
}

/// Sends the test mail.
async fn send(server: &ScriptedSmtp, url: &str) -> Outcome {
    let app = app_mailing_to(server, url, |_| {}).await;
    app.cloakroom.mailing().test("ada@example.test").await.unwrap()
}

#[track_caller]
fn taken(outcome: Outcome, about: &str) -> String {
    match outcome {
        Outcome::Taken(answer) => answer,
        Outcome::Failed { reason, .. } => panic!("{about}: {reason}"),
    }
}

#[track_caller]
fn failure(outcome: Outcome, about: &str) -> (bool, String) {
    match outcome {
        Outcome::Taken(answer) => panic!("{about}: {answer}"),
        Outcome::Failed { is_permanent, reason } => (is_permanent, reason),
    }
}

/// Waits until the server is silent, then pauses tokio's clock. From there on, time jumps ahead whenever all
/// tasks wait.
async fn silence(server: &ScriptedSmtp) {
    while server.silences() == 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
}

#[tokio::test]
async fn finding_n6_each_reply_gets_the_time_that_the_standard_asks_for() {
    for (stage, limit) in LIMITS {
        let server = ScriptedSmtp::start(Script::new().silent_at(stage));
        let release = async {
            silence(&server).await;
            tokio::time::sleep(limit.saturating_sub(Duration::from_secs(2))).await;
            tokio::time::resume();
            server.release();
        };
        let (outcome, ()) = tokio::join!(send(&server, "smtp://127.0.0.1:PORT"), release);
        assert!(taken(outcome, stage).starts_with("250 "), "{stage}");
        assert_eq!(server.mails().len(), 1, "{stage}");
    }
}

#[tokio::test]
async fn finding_n6_l12_a_silent_server_is_left_after_its_time_limit() {
    for (stage, limit) in LIMITS {
        let server = ScriptedSmtp::start(Script::new().silent_at(stage));
        let sending = async {
            let outcome = send(&server, "smtp://127.0.0.1:PORT").await;
            (outcome, tokio::time::Instant::now())
        };
        let start = async {
            silence(&server).await;
            tokio::time::Instant::now()
        };
        let ((outcome, end), start) = tokio::join!(sending, start);
        tokio::time::resume();
        let (is_permanent, reason) = failure(outcome, stage);
        let waited = end - start;
        assert!(waited + MINUTE / 4 > limit && waited < limit + MINUTE / 4, "{stage}: {waited:?}");
        let minutes = format!("{} min", limit.as_secs() / 60);
        assert!(!is_permanent && reason.contains(&minutes), "{stage}: {reason}");
    }
}

/// Sent through the outbox: the lease is kept, and nobody sends the mail a second time.
#[tokio::test]
async fn finding_n6_a_mail_whose_answer_comes_late_is_sent_once() {
    let server = ScriptedSmtp::start(Script::new().silent_at("end"));
    let app = app_mailing_to(&server, "smtp://127.0.0.1:PORT", |_| {}).await;
    let node = app.another_node().await;
    assert_eq!(visitor(&app).await.signup(EVE, PASSWORD).await.status, 202);
    silence(&server).await;
    tokio::time::sleep(Duration::from_mins(9)).await;
    tokio::time::resume();
    server.release();
    app.mails().await;
    drop(node);
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.commands().iter().filter(|command| *command == "DATA").count(), 1);
}

#[tokio::test]
async fn finding_n10_the_three_digits_of_an_answer_decide_whatever_its_text() {
    // "发送成功" in GBK, "reçu" in Latin-1.
    let gbk = b"\xb7\xa2\xcb\xcd\xb3\xc9\xb9\xa6";
    let latin = b"re\xe7u";
    for text in [&gbk[..], &latin[..], b""] {
        let mut script = Script::new();
        for (stage, code) in
            [("connect", "220"), ("mail", "250"), ("rcpt", "250"), ("data", "354"), ("end", "250")]
        {
            script = script.answer(stage, [code.as_bytes(), b" ", text, b"\r\n"].concat());
        }
        let server = ScriptedSmtp::start(script);
        let answer = taken(send(&server, "smtp://127.0.0.1:PORT").await, &format!("{text:?}"));
        assert!(answer.starts_with("250"), "{answer}");
        assert_eq!(server.mails().len(), 1);
    }
    // A reply with no text and not even the space before it (RFC 5321, section 4.2.1), after one with an
    // empty text.
    let mut script = Script::new().answer("ehlo", "250-\r\n250-8BITMIME\r\n250\r\n");
    for (stage, answer) in [
        ("connect", "220\r\n"),
        ("mail", "250\r\n"),
        ("rcpt", "250-\r\n250\r\n"),
        ("data", "354\r\n"),
        ("end", "250\r\n"),
    ] {
        script = script.answer(stage, answer);
    }
    let server = ScriptedSmtp::start(script);
    taken(send(&server, "smtp://127.0.0.1:PORT").await, "no text");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn finding_n10_a_refusal_in_another_encoding_is_reported() {
    let refusal = b"535 5.7.8 \xb5\xc7\xc2\xbc\xca\xa7\xb0\xdc wrong authorization code\r\n";
    let server = ScriptedSmtp::start(Script::new().answer("auth", refusal));
    let (is_permanent, reason) =
        failure(send(&server, "smtp://ada:hidden-word@127.0.0.1:PORT").await, "login");
    assert!(!is_permanent, "a password can be set right");
    assert!(reason.contains("535") && reason.contains("wrong authorization code"), "{reason}");
    assert!(!reason.contains("hidden-word"), "{reason}");
    for (stage, answer, is_final) in [
        ("rcpt", &b"550 \xd3\xca\xcf\xe4\xb2\xbb\xb4\xe6\xd4\xda\r\n"[..], true),
        ("rcpt", b"450\r\n", false),
        ("end", b"554\r\n", true),
        ("end", b"451-\xe7a\r\n451 later\r\n", false),
        ("mail", b"553\r\n", false),
    ] {
        let server = ScriptedSmtp::start(Script::new().answer(stage, answer));
        let (is_permanent, reason) = failure(send(&server, "smtp://127.0.0.1:PORT").await, stage);
        assert_eq!(is_permanent, is_final, "{stage} {reason}");
        assert!(reason.contains(std::str::from_utf8(&answer[..3]).unwrap()), "{stage} {reason}");
    }
}

/// RFC 4954 does not fix the prompts of `AUTH LOGIN`.
#[tokio::test]
async fn finding_n10_a_login_is_asked_for_in_any_words() {
    // "Benutzername", then the same again: the order tells which answer is due.
    let server = ScriptedSmtp::start(
        Script::new()
            .answer("ehlo", "250-raw.test\r\n250 auth login\r\n")
            .answer("auth", "334 QmVudXR6ZXJuYW1l\r\n")
            .answer("quit", "235 welcome\r\n"),
    );
    let (_, reason) = failure(send(&server, "smtp://ada:word@127.0.0.1:PORT").await, "login");
    // This server knows no second step. It is enough that the user name arrived.
    assert_eq!(server.commands()[1..3], ["AUTH LOGIN", "YWRh"], "{reason}");
}

#[tokio::test]
async fn finding_n11_data_before_the_tls_handshake_ends_the_connection() {
    for smuggled in [
        "250 ok\r\n",
        "250-raw.test\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 ok\r\n250 ok\r\n",
        "2",
    ] {
        let server =
            ScriptedSmtp::start(Script::new().answer("starttls", format!("220 go ahead\r\n{smuggled}")));
        let (is_permanent, reason) = failure(send(&server, "smtp+starttls://127.0.0.1:PORT").await, smuggled);
        assert!(!is_permanent && reason.contains("STARTTLS"), "{reason}");
        let after = server.after_starttls();
        assert!(after.is_empty(), "the connection ends before a handshake begins: {after:?}");
        assert_eq!(server.commands().len(), 2, "EHLO and STARTTLS: {:?}", server.commands());
    }
}

/// An unsolicited reply is not taken for the reply to the next mail.
#[tokio::test]
async fn finding_n11_an_unsolicited_reply_ends_the_connection() {
    let server = ScriptedSmtp::start(Script::new().answer("end", "250 taken\r\n250 taken\r\n"));
    let app = app_mailing_to(&server, "smtp://127.0.0.1:PORT", |_| {}).await;
    for email in [EVE, "bob@example.test"] {
        assert_eq!(visitor(&app).await.signup(email, PASSWORD).await.status, 202);
        app.mails().await;
    }
    assert_eq!(server.mails().len(), 2);
    let greetings = server.commands().iter().filter(|command| command.starts_with("EHLO")).count();
    assert_eq!(greetings, 2, "a connection for each: {:?}", server.commands());
}

#[tokio::test]
async fn finding_n16_the_greeting_puts_an_ip_address_in_brackets() {
    for (url, hello, host) in [
        ("http://127.0.0.1:3000", "EHLO [127.0.0.1]", "@[127.0.0.1]>"),
        ("http://[::1]:3000", "EHLO [IPv6:::1]", "@[IPv6:::1]>"),
        ("http://localhost:3000", "EHLO localhost", "@localhost>"),
        ("https://b\u{fc}cher.test", "EHLO xn--bcher-kva.test", "@xn--bcher-kva.test>"),
    ] {
        let server = ScriptedSmtp::start(Script::new());
        let app = app_mailing_to(&server, "smtp://127.0.0.1:PORT", |config| {
            config.public_url = url.to_owned().try_into().unwrap();
        })
        .await;
        taken(app.cloakroom.mailing().test("ada@example.test").await.unwrap(), url);
        assert_eq!(server.commands()[0], hello);
        let mail = server.mails().remove(0).0;
        let id = mail.lines().find(|line| line.starts_with("Message-ID:")).unwrap();
        assert!(id.ends_with(host), "{id}");
    }
}
