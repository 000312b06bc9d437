//! An SMTP server that sends exactly the bytes that a test gives it: late, in another encoding, without text,
//! or not at all.
//!
//! It runs in threads of its own, so that a test may pause tokio's clock.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any SMTP session on loopback.
const PATIENCE: Duration = Duration::from_secs(20);

/// Replies to each command, with their line ends. `connect` is the greeting, `end` the reply to the final
/// dot.
#[derive(Clone)]
pub(crate) struct Script {
    answers: BTreeMap<&'static str, Vec<u8>>,
    silent_at: Option<&'static str>,
    takes: Duration,
}

impl Script {
    pub(crate) fn new() -> Self {
        let answers = [
            ("connect", "220 raw.test\r\n"),
            ("ehlo", "250-raw.test\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"),
            ("starttls", "220 go ahead\r\n"),
            ("auth", "235 welcome\r\n"),
            ("mail", "250 sender ok\r\n"),
            ("rcpt", "250 recipient ok\r\n"),
            ("data", "354 go on\r\n"),
            ("end", "250 taken\r\n"),
            ("noop", "250 here\r\n"),
            ("quit", "221 bye\r\n"),
        ];
        let answers = answers.map(|(stage, answer)| (stage, answer.as_bytes().to_vec()));
        Self { answers: answers.into(), silent_at: None, takes: Duration::ZERO }
    }

    /// Replies with these bytes at that stage.
    pub(crate) fn answer(mut self, stage: &'static str, answer: impl AsRef<[u8]>) -> Self {
        self.answers.insert(stage, answer.as_ref().to_vec());
        self
    }

    /// Stays silent at that stage until [`ScriptedSmtp::release`] is called.
    pub(crate) fn silent_at(mut self, stage: &'static str) -> Self {
        self.silent_at = Some(stage);
        self
    }

    /// Delays the reply to each mail by this time.
    pub(crate) fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }
}

/// A record of everything that has happened so far.
#[derive(Default)]
struct Log {
    commands: Vec<String>,
    mails: Vec<(String, Instant)>,
    after_starttls: Vec<Vec<u8>>,
    silences: usize,
    releases: usize,
}

/// A running server.
pub(crate) struct ScriptedSmtp {
    port: u16,
    log: Arc<(Mutex<Log>, Condvar)>,
}

impl ScriptedSmtp {
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log: Arc<(Mutex<Log>, Condvar)> = Arc::default();
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = Connection { script: script.clone(), log: Arc::clone(&shared), stream };
                thread::spawn(move || connection.serve());
            }
        });
        Self { port, log }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Counts how often it has fallen silent.
    pub(crate) fn silences(&self) -> usize {
        self.log.0.lock().unwrap().silences
    }

    /// Sends the replies that it has held back.
    pub(crate) fn release(&self) {
        self.log.0.lock().unwrap().releases += 1;
        self.log.1.notify_all();
    }

    /// Returns the commands of all sessions, in order of arrival.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.log.0.lock().unwrap().commands.clone()
    }

    /// Returns the mails received, each with the time of its final dot.
    pub(crate) fn mails(&self) -> Vec<(String, Instant)> {
        self.log.0.lock().unwrap().mails.clone()
    }

    /// Waits until a client has sent something after STARTTLS or has disconnected, and returns what it sent.
    pub(crate) fn after_starttls(&self) -> Vec<u8> {
        let log = self.log.0.lock().unwrap();
        let nothing = |log: &mut Log| log.after_starttls.is_empty();
        let (log, waited) = self.log.1.wait_timeout_while(log, PATIENCE, nothing).unwrap();
        assert!(!waited.timed_out(), "nobody sent STARTTLS: {:?}", log.commands);
        log.after_starttls[0].clone()
    }
}

struct Connection {
    script: Script,
    log: Arc<(Mutex<Log>, Condvar)>,
    stream: TcpStream,
}

impl Connection {
    fn serve(self) {
        let mut reader = BufReader::new(self.stream.try_clone().unwrap());
        self.answer("connect");
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let command = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_lowercase();
            self.note(|log| log.commands.push(command));
            match &*verb {
                "ehlo" => self.answer("ehlo"),
                "auth" => self.answer("auth"),
                "mail" => self.answer("mail"),
                "rcpt" => self.answer("rcpt"),
                "noop" => self.answer("noop"),
                "data" => {
                    self.answer("data");
                    self.take(&mut reader);
                }
                "starttls" => {
                    self.answer("starttls");
                    let mut first = [0; 1024];
                    let read = reader.read(&mut first).unwrap_or(0);
                    self.note(|log| log.after_starttls.push(first[..read].to_vec()));
                    return;
                }
                _ => {
                    self.answer("quit");
                    return;
                }
            }
        }
    }

    fn take(&self, reader: &mut impl std::io::BufRead) {
        let mut mail = Vec::new();
        while !mail.ends_with(b"\r\n.\r\n") {
            if reader.read_until(b'\n', &mut mail).unwrap_or(0) == 0 {
                return;
            }
        }
        let text = String::from_utf8_lossy(&mail).into_owned();
        self.note(|log| log.mails.push((text, Instant::now())));
        thread::sleep(self.script.takes);
        self.answer("end");
    }

    fn answer(&self, stage: &'static str) {
        if self.script.silent_at == Some(stage) {
            let mut log = self.log.0.lock().unwrap();
            log.silences += 1;
            drop(self.log.1.wait_while(log, |log| log.releases == 0));
        }
        let _ = (&self.stream).write_all(&self.script.answers[stage]);
    }

    fn note(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.log.0.lock().unwrap());
        self.log.1.notify_all();
    }
}
