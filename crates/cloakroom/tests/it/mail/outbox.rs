//! The outbox and its jobs (`mail/outbox.rs`, `jobs/outbox.rs`, `jobs/letter.rs`; security cases L11, L12,
//! L15, T01, T05).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cloakroom::administration::Rank;
use cloakroom::testing::{Browser, PASSWORD};
use cloakroom::{Clock, Timestamp};
use http::Method;
use serde_json::json;

use crate::support::app::App;
use crate::support::calls::{
    PROFILE, change_email, change_password, confirm_reset, request_reset, reset_token, sign_up, verify,
    with_token,
};
use crate::support::concurrency::{at_once, within};
use crate::support::people::{
    ADA, EVE, NEW, app_with_ada, app_with_ada_mailing_to, can_sign_in, visitor, visitors,
};
use crate::support::smtp_sink::{ReceivedMail, SmtpSink};

/// T05: a stolen database contains no token that is valid or ever was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t05_a_stolen_database_holds_no_token_and_no_password() {
    let sink = SmtpSink::start(&json!({}));
    let app = app_with_ada_mailing_to(&sink).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(visitor(&app).await.signup(EVE, "eves-horse-battery").await.status, 202);
    assert_eq!(visitor(&app).await.signup(ADA, "adas-horse-battery").await.status, 202);
    assert_eq!(request_reset(&visitor(&app).await, ADA).await.status, 202);
    assert_eq!(change_email(&ada, "ada@elsewhere.test").await.status, 202);
    let mails = sink.wait_for_mails(5);
    app.mails().await;
    let linked = mails.iter().filter(|mail| mail.part("text/plain").contains("#token="));
    let mut tokens: BTreeSet<String> = linked.map(ReceivedMail::token).collect();
    assert_eq!(tokens.len(), 4, "the one to an address that has an account holds none");
    let reset = mails.iter().find(|mail| mail.raw.contains("reset-password")).unwrap();
    assert_eq!(confirm_reset(&visitor(&app).await, &reset.token(), NEW).await.status, 200);
    tokens.extend(ada.cookie("sessionid"));
    let loot = app.database.stolen().await;
    assert!(loot.contains(EVE), "the search finds what is there");
    for secret in
        tokens.iter().map(String::as_str).chain([PASSWORD, NEW, "eves-horse-battery", "adas-horse-battery"])
    {
        assert!(!loot.contains(secret), "{secret}");
    }
}

/// T05: tokens have 256 bits each and are all different.
#[tokio::test]
async fn t05_tokens_are_256_random_bits_each() {
    let app = app_with_ada().await;
    let mut tokens = BTreeSet::new();
    for _ in 0..60 {
        tokens.insert(reset_token(&app, ADA).await);
    }
    assert_eq!(tokens.len(), 60);
    let letters: BTreeSet<char> = tokens.iter().flat_map(|token| token.chars()).collect();
    assert!(letters.len() > 60, "all of base64url: {letters:?}");
    let beginnings: BTreeSet<&str> = tokens.iter().map(|token| &token[..6]).collect();
    assert_eq!(beginnings.len(), 60);
    assert!(tokens.iter().all(|token| token.len() == 43), "{tokens:?}");
}

/// Retries: within 10 s, then doubling, at most 60 s apart in the first five minutes. After that 2, 5 and 10
/// minutes for greylisting, then hourly for five days (RFC 5321, section 4.5.4.1).
#[tokio::test]
async fn finding_r16_l12_a_mail_is_retried_for_five_days_and_then_visibly_abandoned() {
    let mut sink = SmtpSink::start(&json!({}));
    sink.refuse("data", 450, "try again later");
    let app = app_with_ada_mailing_to(&sink).await;
    assert_eq!(visitor(&app).await.signup(EVE, PASSWORD).await.status, 202);
    let column = async |name: &str| {
        app.database.texts(&format!("SELECT CAST({name} AS TEXT) FROM cloakroom_outbox")).await.remove(0)
    };
    let has_failed = async || column("COALESCE(last_error, '')").await.contains("450");
    let mut waits = Vec::new();
    for tries in (1..=13).chain([60, 251, 252]) {
        // The attempts in between would take days.
        app.database
            .change(&format!(
                "UPDATE cloakroom_outbox SET attempts = {}, due_at = 0, last_error = NULL",
                tries - 1
            ))
            .await;
        // Wakes the sender.
        app.cloakroom.mailing().retry(&[]).await.unwrap();
        within(Duration::from_secs(10), has_failed).await;
        if tries < 252 {
            let due_at = Timestamp::from_millis(column("due_at").await.parse().unwrap());
            waits.push((due_at.since(Clock::System.now()).as_secs_f64() / 5.0).ceil() * 5.0);
        }
    }
    let expected: [u32; 15] = [5, 10, 20, 40, 60, 60, 60, 60, 120, 300, 600, 1800, 1800, 1800, 1800];
    assert_eq!(waits, expected.map(f64::from));
    assert_eq!(
        app.database.texts("SELECT id FROM cloakroom_outbox WHERE abandoned_at IS NOT NULL").await.len(),
        1
    );
    assert!(column("last_error").await.contains("450"));
    assert_eq!(sink.mails().len(), 0);
}

/// Sends a mail through a server that greylists for `held`, and returns the mail that it accepts in the end.
async fn greylisted(held: Duration, ask: impl AsyncFn(&Browser)) -> (App, Browser, ReceivedMail) {
    let mut sink = SmtpSink::start(&json!({}));
    sink.refuse("rcpt", 450, "greylisted");
    let app = app_with_ada_mailing_to(&sink).await;
    let browser = visitor(&app).await;
    ask(&browser).await;
    let untried = "SELECT id FROM cloakroom_outbox WHERE last_error IS NULL";
    within(Duration::from_secs(10), async || app.database.texts(untried).await.is_empty()).await;
    sink.behave(&json!({"behaviour": "accept"}));
    app.advance(held);
    app.mails().await;
    let mail = sink.wait_for_mails(1).remove(0);
    (app, browser, mail)
}

async fn ask_signup(browser: &Browser) {
    assert_eq!(browser.signup(EVE, PASSWORD).await.status, 202);
}

fn code(mail: &ReceivedMail) -> Option<String> {
    let text = mail.part("text/plain");
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    text.lines().find(is_code).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_n14_a_code_lives_from_when_its_mail_is_handed_over() {
    let (app, browser, mail) = greylisted(Duration::from_mins(18), ask_signup).await;
    app.advance(Duration::from_mins(14));
    let proof = json!({"email": EVE, "code": code(&mail).expect("a code")});
    let reply = browser.post("/api/email/verify/", &proof).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let (app, browser, mail) = greylisted(Duration::from_mins(18), ask_signup).await;
    app.advance(Duration::from_mins(16));
    let proof = json!({"email": EVE, "code": code(&mail).expect("a code")});
    assert_eq!(browser.post("/api/email/verify/", &proof).await.status, 400, "and not for longer");
}

/// After an hour no browser counts as the one that signed up, so a code would open nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_n14_a_useless_code_is_left_out() {
    let (app, browser, mail) = greylisted(Duration::from_mins(57), ask_signup).await;
    let text = mail.part("text/plain");
    for words in ["enter this code", "code expires"] {
        assert!(!text.contains(words) && !mail.part("text/html").contains(words), "{words}: {text}");
    }
    assert!(code(&mail).is_none(), "{text}");
    assert_eq!(verify(&browser, &mail.token()).await.status, 200);
    drop(app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_n14_a_link_gets_back_the_time_that_its_mail_waited() {
    let ask = async |browser: &Browser| assert_eq!(request_reset(browser, ADA).await.status, 202);
    let (app, browser, mail) = greylisted(Duration::from_mins(55), ask).await;
    app.advance(Duration::from_mins(50));
    assert_eq!(confirm_reset(&browser, &mail.token(), NEW).await.status, 200);
    drop(app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l02_a_retried_mail_is_the_same_mail() {
    let mut sink = SmtpSink::start(&json!({}));
    // The connection breaks after the server has received the mail, so it is unknown whether it was accepted.
    sink.behave(&json!({"behaviour": "slow", "milliseconds": 60_000}));
    let app = app_with_ada_mailing_to(&sink).await;
    let browser = visitor(&app).await;
    assert_eq!(browser.signup(EVE, PASSWORD).await.status, 202);
    let first = sink.wait_for_mails(1).remove(0);
    sink.behave(&json!({"behaviour": "accept"}));
    // The process with the lease is gone. The lease ends, and another process sends the mail.
    let node = app.another_node().await;
    app.database.change("UPDATE cloakroom_outbox SET due_at = 0, attempts = attempts + 1").await;
    let second = sink.wait_for_mails(2).remove(1);
    drop(node);
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    assert_eq!((first.token(), &first.to), (second.token(), &second.to));
    assert_eq!(first.part("text/plain"), second.part("text/plain"), "the code as well");
    assert_eq!(verify(&browser, &second.token()).await.status, 200);
}

/// L15: two nodes share an outbox and send each mail once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l15_two_nodes_send_each_mail_once() {
    let mut sink = SmtpSink::start(&json!({}));
    sink.refuse("connect", 421, "not yet");
    let app = app_with_ada_mailing_to(&sink).await;
    for number in 0..24 {
        app.add(&format!("p{number}@example.test"), Rank::Plain).await;
    }
    let node = app.another_node().await;
    let browsers = visitors(&app, 24).await;
    at_once(24, |number| {
        let browser = Arc::clone(&browsers[number]);
        async move { assert_eq!(request_reset(&browser, &format!("p{number}@example.test")).await.status, 202) }
    })
    .await;
    sink.behave(&json!({"behaviour": "accept"}));
    app.advance(Duration::from_mins(2));
    node.advance(Duration::from_mins(2));
    sink.wait_for_mails(24);
    app.mails().await;
    let mails = sink.mails();
    let recipients: BTreeSet<&str> = mails.iter().map(|mail| &*mail.to[0]).collect();
    let ids: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((mails.len(), recipients.len(), ids.len()), (24, 24, 24));
}

/// Mails that have become pointless are not sent: the link was replaced or used, or the account is gone.
#[tokio::test]
async fn a_mail_whose_link_is_already_void_is_not_sent() {
    let mut sink = SmtpSink::start(&json!({}));
    sink.refuse("mail", 450, "later");
    let app = app_with_ada_mailing_to(&sink).await;
    let browser = visitor(&app).await;
    let untried = "SELECT id FROM cloakroom_outbox WHERE last_error IS NULL";
    for _ in 0..3 {
        assert_eq!(request_reset(&browser, ADA).await.status, 202);
        within(Duration::from_secs(10), async || app.database.texts(untried).await.is_empty()).await;
    }
    sink.behave(&json!({"behaviour": "accept"}));
    app.advance(Duration::from_secs(10));
    app.mails().await;
    let mails = sink.mails();
    assert_eq!(mails.len(), 1, "the newest");
    assert_eq!(confirm_reset(&browser, &mails[0].token(), NEW).await.status, 200);
}

/// Somebody who changes the password may change the address next, while the mail server is down. The notice
/// still goes to the address that the owner reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_goes_to_the_address_at_the_time_of_its_event() {
    let mut sink = SmtpSink::start(&json!({}));
    let app = app_with_ada_mailing_to(&sink).await;
    let attacker = app.signed_in(ADA).await;
    assert_eq!(change_email(&attacker, "attacker@evil.test").await.status, 202);
    sink.wait_for_mails(2);
    sink.refuse("rcpt", 450, "later");
    assert_eq!(change_password(&attacker, PASSWORD, NEW).await.status, 200);
    app.database
        .change(
            "UPDATE cloakroom_users SET email = 'attacker@evil.test', email_canonical = 'attacker@evil.test'",
        )
        .await;
    sink.behave(&json!({"behaviour": "accept"}));
    app.advance(Duration::from_secs(10));
    app.mails().await;
    let mails = sink.mails();
    let notice =
        mails.iter().find(|mail| mail.header("Subject") == "Your Acme password was changed").unwrap();
    assert_eq!(notice.to, [ADA]);
}

/// T01: links always lead to `public_url`, whatever host a request names.
#[tokio::test]
async fn t01_no_header_changes_a_mailed_link() {
    let app = app_with_ada().await;
    let headers = [
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-server", "evil.test"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/evil"),
        ("x-original-host", "evil.test"),
        ("x-original-url", "https://evil.test/"),
        ("x-rewrite-url", "https://evil.test/"),
        ("x-host", "evil.test"),
        ("forwarded", "host=evil.test;proto=https"),
        ("host", "evil.test"),
    ];
    let link_is_ours = async |email: &str, page: &str, what: &str| {
        let mail = app.mail_to(email).await;
        let link = format!("http://localhost:3000/{page}#token=");
        for part in [&mail.text, &mail.html] {
            assert!(part.contains(&link) && !part.contains("evil"), "{what}: {part}");
        }
    };
    for (name, value) in headers {
        let browser = visitor(&app).await;
        let send = async |path: &str, body: serde_json::Value| {
            let reply = browser.call(&Method::POST, path).header(name, value).json(&body).send().await;
            assert!(matches!(reply.status.as_u16(), 202 | 400 | 421), "{name}: {}", reply.text);
        };
        send("/api/signup/", json!({"email": EVE, "password": PASSWORD})).await;
        link_is_ours(EVE, "verify-email", name).await;
        send("/api/signup/resend/", json!({"email": EVE})).await;
        link_is_ours(EVE, "verify-email", name).await;
        send("/api/password/reset/", json!({"email": ADA})).await;
        link_is_ours(ADA, "reset-password", name).await;
    }
    assert_eq!(request_reset(&visitor(&app).await, ADA).await.status, 202);
    link_is_ours(ADA, "reset-password", "a clean request afterwards").await;
}

/// A client disconnects in the middle. The reply is lost, and the effect happens completely or not at all.
async fn broken_off(
    browser: &Browser,
    path: &str,
    body: &serde_json::Value,
    patience: Duration,
) -> Option<u16> {
    tokio::time::timeout(patience, browser.post(path, body)).await.ok().map(|reply| reply.status.as_u16())
}

/// L11: a client that got no reply asks again, and that does no harm: one account, one use of the token, one
/// notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_a_verification_whose_reply_was_lost_happens_completely_or_not_at_all() {
    let app = app_with_ada().await;
    for round in 0..14 {
        let email = format!("eve{round}@example.test");
        let (browser, patience) = (visitor(&app).await, Duration::from_micros(700 * round));
        let token = sign_up(&app, &browser, &email, PASSWORD).await;
        let copy = browser.copy();
        broken_off(&browser, "/api/email/verify/", &json!({"token": token}), patience).await;
        let again = verify(&copy, &token).await;
        assert!(matches!(again.status.as_u16(), 200 | 410), "round {round}: {}", again.text);
        assert!(can_sign_in(&app, &email, PASSWORD).await, "round {round}");
        let users = format!("SELECT id FROM cloakroom_users WHERE email = '{email}'");
        assert_eq!(app.database.texts(&users).await.len(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_a_reset_whose_reply_was_lost_happens_completely_or_not_at_all() {
    let app = app_with_ada().await;
    let mut old = PASSWORD.to_owned();
    let mut made = 0;
    for round in 0..14 {
        let new = format!("battery-horse-{round:02}");
        let ada = visitor(&app).await;
        assert_eq!(ada.login(ADA, &old).await.status, 200);
        let token = reset_token(&app, ADA).await;
        let notices =
            app.mails().await.iter().filter(|mail| mail.subject.contains("password was reset")).count();
        // Hashing takes most of the time, and the end is the interesting part. On the fastest machines some
        // must still be interrupted.
        let patience = Duration::from_millis(1 + 5 * round);
        broken_off(
            &visitor(&app).await,
            "/api/password/reset/confirm/",
            &json!({"token": token, "password": new}),
            patience,
        )
        .await;
        // The interrupted request may still be running.
        let is_old = can_sign_in(&app, ADA, &old).await;
        let is_new = can_sign_in(&app, ADA, &new).await;
        assert!(is_old != is_new, "round {round}: one of the two");
        let check = with_token(&visitor(&app).await, "/api/password/reset/check/", &token).await.status;
        assert_eq!((check == 200, ada.get(PROFILE).await.status == 200), (is_old, is_old), "round {round}");
        let told =
            app.mails().await.iter().filter(|mail| mail.subject.contains("password was reset")).count();
        assert_eq!(told - notices, usize::from(is_new), "round {round}");
        if is_new {
            (old, made) = (new, made + 1);
        }
    }
    assert!(made < 14, "some were broken off");
}
