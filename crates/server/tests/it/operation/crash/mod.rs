//! Crashes: the process is killed again and again. Confirmed effects survive, unconfirmed ones are complete
//! or absent, and mails arrive.
//!
//! `CLOAKROOM_CRASH_ROUNDS` sets how often each test kills. `make test` uses a small number.

mod events;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};

use crate::support::browser::Browser;
use crate::support::installation::{Installation, Node, PASSWORD};
use crate::support::smtp_sink::{ReceivedMail, SmtpSink};

const PATIENCE: Duration = Duration::from_secs(30);
/// The time that a mail takes to leave.
const SENDING: Duration = Duration::from_millis(30);
/// The assumed time of a request until one has been measured.
const USUAL: Duration = Duration::from_millis(60);
const NO_LIMITS: &str = "[limits]\nlogin_per_account = \"0/1m\"\nlogin_per_ip = \"0/1m\"\nmail_per_address = \"0/1m\"\nmail_per_ip = \"0/1m\"";

fn rounds() -> u64 {
    std::env::var("CLOAKROOM_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// Picks a moment between the start and a little after `usual`, mostly near the end, because writes happen
/// there.
fn moment(usual: Duration) -> Duration {
    let part = RandomState::new().hash_one(usual) % 1000;
    usual.mul_f64(1.15 - (f64::from(u32::try_from(part).unwrap()) / 1000.0).powi(2))
}

/// A server to kill, its database, and a mail server that survives it.
struct Scene {
    installation: Installation,
    sink: SmtpSink,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new() -> Self {
        let mut sink = SmtpSink::start(&json!({}));
        // Long enough that some kills fall between the delivery of a mail and its confirmation.
        sink.behave(&json!({"behaviour": "slow", "milliseconds": 15}));
        let installation = Installation::with_database("sqlite:cloakroom.db", NO_LIMITS);
        let text = fs::read_to_string(installation.config()).unwrap();
        let url = format!("smtp://127.0.0.1:{}\"", sink.port());
        fs::write(installation.config(), text.replace("smtp://127.0.0.1:1\"", &url)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { installation, sink, runtime }
    }

    /// Returns the first column of a query.
    fn texts(&self, sql: &str) -> Vec<String> {
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
            sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap()
        })
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.installation.path().join("cloakroom.db").display())
    }

    /// Restarts after a kill: the file is intact, and mails that the dead process had leased are sent.
    fn restart(&self) -> Node {
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
            let check: (String,) =
                sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
            assert_eq!(check.0, "ok");
            // Ends the leases, as if time had passed.
            connection.execute("UPDATE cloakroom_outbox SET due_at = 0").await.unwrap();
        });
        let node = self.installation.node();
        self.wait_for_empty_outbox();
        node
    }

    fn wait_for_empty_outbox(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.texts("SELECT id FROM cloakroom_outbox").is_empty() {
            assert!(Instant::now() < deadline, "{:?}", self.texts("SELECT last_error FROM cloakroom_outbox"));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns the mail to `address` whose text contains `word`, if there is one. It may have arrived twice.
    fn mail(&self, address: &str, word: &str) -> Option<ReceivedMail> {
        let is_it = |mail: &ReceivedMail| mail.to == [address] && mail.part("text/plain").contains(word);
        let mut mails: Vec<ReceivedMail> = self.sink.mails().into_iter().filter(is_it).collect();
        let ids: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
        let texts: BTreeSet<String> = mails.iter().map(|mail| mail.part("text/plain")).collect();
        assert!(mails.len() <= 2, "{} of one mail", mails.len());
        assert!(ids.len() <= 1 && texts.len() <= 1, "{ids:?} {texts:?}");
        mails.pop()
    }

    /// Counts the mails that arrived twice. None may arrive more often or with a different text.
    fn duplicates(&self) -> usize {
        let mails = self.sink.mails();
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for mail in &mails {
            texts.entry(mail.header("Message-ID")).or_default().push(mail.part("text/plain"));
        }
        for (id, texts) in &texts {
            assert!(texts.len() <= 2 && texts[0] == *texts.last().unwrap(), "{id}: {texts:?}");
        }
        mails.len() - texts.len()
    }
}

/// Sends a request and kills the server. In odd rounds the kill comes a moment after the reply, while the
/// mail leaves. In even rounds it comes during the request, whose usual duration is `usual`. Returns whether
/// the request was confirmed.
fn kill_during(
    node: Node,
    browser: &Browser,
    (path, body): (&'static str, Value),
    (round, usual): (u64, &mut Duration),
) -> bool {
    let mut browser = browser.clone();
    let start = Instant::now();
    let request = thread::spawn(move || browser.post(path, &body).status);
    if round.is_multiple_of(2) {
        thread::sleep(moment(*usual));
        drop(node);
        // If it was killed early enough, it was not even listening.
        request.join().is_ok_and(|status| matches!(status, 200 | 202))
    } else {
        let status = request.join().expect("an answer");
        assert!(matches!(status, 200 | 202), "{path}: {status}");
        *usual = start.elapsed();
        thread::sleep(moment(SENDING));
        drop(node);
        true
    }
}

fn visitor(node: &Node) -> Browser {
    let mut browser = node.browser();
    browser.get("/api/login-set-cookie/");
    browser
}

/// L01, L02: an interrupted signup is absent, or pending with its mail. A confirmed one is pending, and a
/// mail arrives at most twice.
#[test]
fn l01_l02_a_kill_in_a_signup_or_in_sending_loses_nothing() {
    let scene = Scene::new();
    let mut node = scene.installation.node();
    let (mut told, mut absent, mut usual) = (0, 0, USUAL);
    for round in 0..rounds() {
        let email = format!("p{round}@example.test");
        let browser = visitor(&node);
        let signup = ("/api/signup/", json!({"email": email, "password": PASSWORD}));
        let is_told = kill_during(node, &browser, signup, (round, &mut usual));
        node = scene.restart();
        let mut browser = browser.moved_to(node.address());
        let waiting =
            scene.texts(&format!("SELECT id FROM cloakroom_challenges WHERE email = '{email}'")).len();
        let mail = scene.mail(&email, "#token=");
        assert_eq!(waiting, usize::from(mail.is_some()), "round {round}: a signup and its mail, or neither");
        assert!(mail.is_some() || !is_told, "round {round}: what was told as done is lost");
        told += usize::from(is_told);
        let token = if let Some(mail) = mail {
            mail.token()
        } else {
            absent += 1;
            assert_eq!(
                browser.post("/api/signup/", &json!({"email": email, "password": PASSWORD})).status,
                202
            );
            scene.wait_for_empty_outbox();
            scene.mail(&email, "#token=").expect("signing up anew works").token()
        };
        let verified = browser.post("/api/email/verify/", &json!({"token": token}));
        assert_eq!(verified.status, 200, "round {round}: {}", verified.text());
        assert_eq!(browser.profile(), 200, "round {round}");
    }
    assert_eq!(scene.texts("SELECT id FROM cloakroom_users").len() as u64, rounds());
    eprintln!(
        "{} kills: {told} told as done, {absent} absent, {} mails came twice",
        rounds(),
        scene.duplicates()
    );
}

/// L05: the password, the use of the token, the end of the sessions and the notice are one transaction.
#[test]
fn l05_a_kill_in_a_reset_leaves_all_or_nothing() {
    const ADA: &str = "ada@example.test";
    let scene = Scene::new();
    scene.installation.add(ADA);
    let mut node = scene.installation.node();
    let (mut password, mut done, mut notices) = (PASSWORD.to_owned(), 0, BTreeSet::new());
    let (mut links, mut usual) = (BTreeSet::new(), USUAL);
    for round in 0..rounds() {
        let mut session = node.browser();
        assert_eq!(session.login(ADA, &password).status, 200, "round {round}");
        let browser = visitor(&node);
        assert_eq!(browser.clone().post("/api/password/reset/", &json!({"email": ADA})).status, 202);
        scene.wait_for_empty_outbox();
        let mails = scene.sink.mails();
        let link = mails.iter().rfind(|mail| mail.part("text/plain").contains("#token=")).expect("a link");
        let (token, new) = (link.token(), format!("tulip-window-river-{round}"));
        assert!(links.insert(token.clone()), "round {round}: a link of its own");

        let confirm = ("/api/password/reset/confirm/", json!({"token": token, "password": new}));
        let is_told = kill_during(node, &browser, confirm, (round, &mut usual));
        node = scene.restart();
        let (mut browser, mut session) = (browser.moved_to(node.address()), session.moved_to(node.address()));
        let is_done = browser.post("/api/password/reset/check/", &json!({"token": token})).status == 410;
        assert!(is_done || !is_told, "round {round}: what was told as done is lost");
        assert_eq!(session.profile() == 401, is_done, "round {round}: sessions");
        assert_eq!(node.browser().login(ADA, &new).status == 200, is_done, "round {round}: the new password");
        assert_eq!(node.browser().login(ADA, &password).status == 400, is_done, "round {round}: the old one");
        let told = |mail: &ReceivedMail| mail.header("Subject") == "Your Acme password was reset";
        let before = notices.len();
        notices.extend(
            scene.sink.mails().iter().filter(|mail| told(mail)).map(|mail| mail.header("Message-ID")),
        );
        assert_eq!(notices.len() - before, usize::from(is_done), "round {round}: one notice");
        if is_done {
            (password, done) = (new, done + 1);
        } else {
            assert_eq!(
                browser
                    .post("/api/password/reset/confirm/", &json!({"token": token, "password": new}))
                    .status,
                200
            );
            scene.wait_for_empty_outbox();
            notices.extend(
                scene.sink.mails().iter().filter(|mail| told(mail)).map(|mail| mail.header("Message-ID")),
            );
            assert_eq!(notices.len() - before, 1, "round {round}");
            password = new;
        }
    }
    eprintln!("{} kills: {done} resets were made, {} mails came twice", rounds(), scene.duplicates());
}

/// L04: of the tickets before and after a reauthentication or a change of password, at most one is valid.
#[test]
fn l04_a_kill_in_a_renewal_leaves_one_ticket_at_most() {
    const ADA: &str = "ada@example.test";
    let scene = Scene::new();
    scene.installation.add(ADA);
    let mut node = scene.installation.node();
    let (mut password, mut usual) = (PASSWORD.to_owned(), USUAL);
    for round in 0..rounds() {
        let (mut other, mut browser) = (node.browser(), node.browser());
        assert_eq!((other.login(ADA, &password).status, browser.login(ADA, &password).status), (200, 200));
        let new = format!("tulip-window-river-{round}");
        let change = ("/api/password/change/", json!({"current_password": password, "new_password": new}));
        let is_told = kill_during(node, &browser, change, (round, &mut usual));
        node = scene.restart();
        let is_done = node.browser().login(ADA, &new).status == 200;
        assert!(is_done || !is_told, "round {round}: what was told as done is lost");
        for mut before in [other.moved_to(node.address()), browser.moved_to(node.address())] {
            assert_eq!(before.profile() == 401, is_done, "round {round}");
        }
        // The sessions of the two browsers or the renewed one, and that of the check just now.
        let sessions = scene.texts("SELECT id FROM cloakroom_sessions").len();
        assert_eq!(sessions, 2, "round {round}: done: {is_done}");
        if is_done {
            password = new;
        }
        let mut last = node.browser();
        assert_eq!(last.login(ADA, &password).status, 200);
        assert_eq!(last.post("/api/logout/all/", &json!({})).status, 200);
    }
}
