//! A real SMTP server on loopback, in a process of its own. It accepts mail, or misbehaves as a test tells it
//! (`tools/smtp-sink.mjs`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any SMTP session on loopback.
const PATIENCE: Duration = Duration::from_secs(20);

/// Numbers the echo requests, to tell their answers apart.
static ECHOES: AtomicU32 = AtomicU32::new(0);

/// A running sink. The process is killed on drop.
pub(crate) struct SmtpSink {
    child: Child,
    orders: ChildStdin,
    port: u16,
    said: Arc<(Mutex<Vec<Value>>, Condvar)>,
}

/// A mail that the sink accepted, with its envelope.
pub(crate) struct ReceivedMail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) raw: String,
    pub(crate) is_secure: bool,
    pub(crate) user: Option<String>,
    pub(crate) is_utf8: bool,
}

impl SmtpSink {
    pub(crate) fn start(options: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/smtp-sink.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let orders = child.stdin.take().expect("standard input is a pipe");
        let output = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let said = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        thread::spawn({
            let said = Arc::clone(&said);
            move || {
                for line in output.lines().map_while(Result::ok) {
                    said.0.lock().unwrap().push(serde_json::from_str(&line).expect("the sink speaks JSON"));
                    said.1.notify_all();
                }
            }
        });
        let mut sink = Self { child, orders, port: 0, said };
        let port = sink.wait_for(1, |said| said["port"].as_u64()).remove(0);
        sink.port = u16::try_from(port).expect("a port");
        sink
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Changes its behaviour, from the next command of a session on.
    pub(crate) fn behave(&mut self, behaviour: &Value) {
        let before = self.all(|said| said["behaviour"].as_str().map(drop)).len();
        writeln!(self.orders, "{behaviour}").expect("the sink reads");
        self.wait_for(before + 1, |said| said["behaviour"].as_str().map(drop));
    }

    /// Makes it refuse at that stage, with that code.
    pub(crate) fn refuse(&mut self, at: &str, code: u16, message: &str) {
        self.behave(&json!({"behaviour": "refuse", "at": at, "code": code, "message": message}));
    }

    /// Counts the connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.all(|said| said["connection"].as_str().map(drop)).len()
    }

    /// Waits for `count` connections.
    pub(crate) fn wait_for_connections(&self, count: usize) {
        self.wait_for(count, |said| said["connection"].as_str().map(drop));
    }

    /// Returns the mails accepted so far.
    pub(crate) fn mails(&self) -> Vec<ReceivedMail> {
        self.all(taken)
    }

    /// Waits until it has accepted `count` mails.
    pub(crate) fn wait_for_mails(&self, count: usize) -> Vec<ReceivedMail> {
        self.wait_for(count, taken)
    }

    /// Picks from everything that it has reported by now, including what is still in the pipe.
    fn all<T>(&self, pick: impl Fn(&Value) -> Option<T>) -> Vec<T> {
        let echo = json!({"echo": ECHOES.fetch_add(1, Ordering::Relaxed)});
        writeln!(&self.orders, "{echo}").expect("the sink reads");
        self.wait_for(1, |said| (*said == echo).then_some(()));
        self.said.0.lock().unwrap().iter().filter_map(pick).collect()
    }

    fn wait_for<T>(&self, count: usize, pick: impl Fn(&Value) -> Option<T>) -> Vec<T> {
        let said = self.said.0.lock().unwrap();
        let enough = |said: &mut Vec<Value>| said.iter().filter_map(&pick).count() < count;
        let (said, waited) = self.said.1.wait_timeout_while(said, PATIENCE, enough).unwrap();
        assert!(!waited.timed_out(), "the sink has only said {said:#?}");
        said.iter().filter_map(&pick).collect()
    }
}

fn taken(said: &Value) -> Option<ReceivedMail> {
    let mail = said["mail"].as_object()?;
    let text = |name: &str| mail.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(ReceivedMail {
        from: text("from")?,
        to: mail["to"].as_array()?.iter().filter_map(|to| to.as_str().map(str::to_owned)).collect(),
        raw: text("raw")?,
        is_secure: mail["secure"] == true,
        user: text("user"),
        is_utf8: mail["utf8"] == true,
    })
}

impl ReceivedMail {
    /// Returns all headers of that name, decoded.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let mail = mailparse::parse_mail(self.raw.as_bytes()).expect("a mail");
        let named = |header: &&mailparse::MailHeader<'_>| header.get_key_ref().eq_ignore_ascii_case(name);
        mail.headers.iter().filter(named).map(mailparse::MailHeader::get_value).collect()
    }

    /// Returns the only header of that name, decoded.
    pub(crate) fn header(&self, name: &str) -> String {
        let mut headers = self.headers(name);
        assert_eq!(headers.len(), 1, "{name}: {}", self.raw);
        headers.remove(0)
    }

    /// Returns the token behind `#token=` in the text.
    pub(crate) fn token(&self) -> String {
        let text = self.part("text/plain");
        let (_, rest) = text.split_once("#token=").expect("a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    }

    /// Returns the part of that media type, decoded.
    pub(crate) fn part(&self, kind: &str) -> String {
        let mail = mailparse::parse_mail(self.raw.as_bytes()).expect("a mail");
        assert_eq!(mail.ctype.mimetype, "multipart/alternative");
        let mut parts = mail.subparts.iter().filter(|part| part.ctype.mimetype == kind);
        let (part, more) = (parts.next().expect("a part of that type"), parts.next());
        assert!(more.is_none(), "only one {kind}");
        part.get_body().expect("a body").replace("\r\n", "\n")
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        // Our own child, by its id.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
