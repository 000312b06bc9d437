//! Hands mails over to an SMTP server (RFC 5321).
//!
//! The dialogue is our own and not lettre's, which only builds the mails. Lettre reads replies as UTF-8, requires text in them,
//! and has one time limit for all of them. After STARTTLS it goes on reading bytes that came before it. A connection is kept
//! for the next mail only after one that the server has accepted; anything else drops it.

mod dialogue;
mod tls;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use self::dialogue::{Dialogue, Duplex, Phase, Reply, Trouble};
use self::tls::Tls;
use super::Failure;
use super::pace::Pace;

/// The time limit for connecting to one address of the server.
const CONNECT: Duration = Duration::from_secs(10);
/// The time limit for the look-up of the server's name.
const LOOK_UP: Duration = Duration::from_secs(30);
/// The time limit for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_mins(1);
/// The time limit for closing kept connections with QUIT.
const FAREWELL: Duration = Duration::from_secs(1);
/// The number of connections kept between two mails.
const KEPT: usize = 4;

/// A server, and the settings of a dialogue with it.
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<(String, String)>,
    /// The name that this program gives in EHLO.
    hello: String,
    kept: Mutex<Vec<Dialogue>>,
    /// The durations of the last mails.
    pace: Pace,
}

/// The protection of the dialogue.
enum Security {
    /// No protection: for servers on this machine.
    Plain,
    /// TLS after STARTTLS, or no mail.
    StartTls(Tls),
    /// TLS from the first byte.
    Implicit(Tls),
}

/// Checks that `url` names a server. Returns the reason if it does not.
pub(crate) fn check_url(url: &str) -> Result<(), String> {
    parse(url).map(drop)
}

struct Parsed {
    url: Url,
    host: String,
    port: u16,
}

fn parse(text: &str) -> Result<Parsed, String> {
    let port = match text.split_once("://") {
        Some(("smtp", _)) => 25,
        Some(("smtp+starttls", _)) => 587,
        Some(("smtps", _)) => 465,
        _ => return Err("must begin with smtp://, smtp+starttls:// or smtps://".to_owned()),
    };
    // No part of the text is repeated: it may hold a password.
    let url = Url::parse(text).map_err(|error| format!("cannot be read: {error}"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if host.is_empty() {
        return Err("must name a host, as in smtp://127.0.0.1:1025".to_owned());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("must be scheme, user, password, host and port only; write @ / ? # in a password as %40 %2F %3F %23".to_owned());
    }
    let port = url.port().unwrap_or(port);
    Ok(Parsed { url, host, port })
}

impl Smtp {
    /// Takes `smtp://`, `smtp+starttls://` or `smtps://`. `hello` is the name that this program gives in EHLO.
    pub(super) fn new(text: &str, hello: &str) -> Result<Self, String> {
        let Parsed { url, host, port } = parse(text)?;
        let security = match url.scheme() {
            "smtp" => Security::Plain,
            "smtps" => Security::Implicit(Tls::new(&host)?),
            _ => Security::StartTls(Tls::new(&host)?),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let credentials = match (decoded(url.username()), decoded(url.password().unwrap_or_default())) {
            (Ok(user), Ok(password)) if !user.is_empty() => Some((user, password)),
            (Ok(_), Ok(_)) => None,
            _ => return Err("has a user or password that is not UTF-8".to_owned()),
        };
        let (hello, kept) = (hello.to_owned(), Mutex::default());
        Ok(Self { host, port, security, credentials, hello, kept, pace: Pace::new() })
    }

    /// Hands a mail over. Returns the server's answer.
    pub(super) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<String, Failure> {
        let mut dialogue = self.open().await?;
        let start = Instant::now();
        match hand_over(&mut dialogue, envelope, mail).await {
            Ok(answer) => {
                self.pace.note(start.elapsed());
                self.keep(dialogue);
                Ok(answer)
            }
            Err(failure) => {
                part_from(vec![dialogue]).await;
                Err(failure)
            }
        }
    }

    /// Does everything that sending a mail does, but sends no mail. A mail that waits behind it waits as long as behind a real
    /// one.
    pub(super) async fn pretend(&self) -> Result<(), Failure> {
        let dialogue = self.open().await?;
        tokio::time::sleep(self.pace.like_one_of_the_last()).await;
        self.keep(dialogue);
        Ok(())
    }

    /// Returns the durations of the last mails.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Returns a connection that is ready for a mail.
    async fn open(&self) -> Result<Dialogue, Failure> {
        match self.take().await {
            Some(dialogue) => Ok(dialogue),
            // A failure before the server knows the recipient cannot be this mail's fault.
            None => self.connect().await.map_err(passing),
        }
    }

    /// Returns a kept connection that still answers.
    async fn take(&self) -> Option<Dialogue> {
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut dialogue = kept?;
            if dialogue.command("NOOP\r\n", Phase::NOOP).await.is_ok() && dialogue.is_quiet() {
                return Some(dialogue);
            }
        }
    }

    fn keep(&self, dialogue: Dialogue) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && dialogue.is_quiet() {
            kept.push(dialogue);
        }
    }

    async fn connect(&self) -> Result<Dialogue, Trouble> {
        let stream: Box<dyn Duplex> = Box::new(self.reach().await.map_err(Trouble::Broken)?);
        let mut dialogue = match &self.security {
            Security::Implicit(tls) => Dialogue::new(shake(tls, stream).await?),
            Security::Plain | Security::StartTls(_) => Dialogue::new(stream),
        };
        dialogue.greet().await?;
        dialogue.hello(&self.hello).await?;
        if let Security::StartTls(tls) = &self.security {
            dialogue = Dialogue::new(shake(tls, dialogue.starttls().await?).await?);
            dialogue.hello(&self.hello).await?;
        }
        if let Some((user, password)) = &self.credentials {
            dialogue.log_in(user, password).await?;
        }
        Ok(dialogue)
    }

    /// Returns a connection to the first of the server's addresses that answers.
    async fn reach(&self) -> Result<TcpStream, String> {
        let server = (self.host.as_str(), self.port);
        let addresses = timeout(LOOK_UP, tokio::net::lookup_host(server)).await;
        let addresses = addresses.map_err(|_| format!("the look-up of {} takes too long", self.host))?;
        let addresses = addresses.map_err(|error| format!("{} is not found: {error}", self.host))?;
        let mut reason = format!("{} has no address", self.host);
        for address in addresses {
            reason = match timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Commands are short, and each waits for its answer (RFC 896).
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => format!("connection error: {error}"),
                Err(_) => format!("no connection within {} s", CONNECT.as_secs()),
            };
        }
        Err(reason)
    }

    /// Sends QUIT on every kept connection.
    pub(super) async fn rest(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        part_from(kept).await;
    }
}

async fn shake(tls: &Tls, stream: Box<dyn Duplex>) -> Result<Box<dyn Duplex>, Trouble> {
    let shaken = timeout(HANDSHAKE, tls.shake(stream)).await;
    shaken.unwrap_or_else(|_| Err("the TLS handshake takes too long".to_owned())).map_err(Trouble::Broken)
}

/// Holds the dialogue about one mail (RFC 5321, section 3.3).
async fn hand_over(dialogue: &mut Dialogue, envelope: &Envelope, mail: &[u8]) -> Result<String, Failure> {
    let mut options = String::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    if !addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        if !dialogue.offers("SMTPUTF8") {
            return Err(Failure::permanent("the server does not take addresses beyond ASCII (SMTPUTF8)"));
        }
        options.push_str(" SMTPUTF8");
    }
    if !mail.is_ascii() {
        if !dialogue.offers("8BITMIME") {
            return Err(Failure::permanent("the server does not take mails beyond ASCII (8BITMIME)"));
        }
        options.push_str(" BODY=8BITMIME");
    }
    let from: &str = envelope.from().map_or("", AsRef::as_ref);
    // A refusal of the sender concerns the configuration, not this mail.
    let command = format!("MAIL FROM:<{from}>{options}\r\n");
    dialogue.command(&command, Phase::MAIL).await.map_err(passing)?;
    for to in envelope.to() {
        dialogue.command(&format!("RCPT TO:<{to}>\r\n"), Phase::RCPT).await.map_err(refusal)?;
    }
    dialogue.data().await.map_err(refusal)?;
    // In one piece with its final dot. Written apart, the dot would wait for the acknowledgement of the bytes before it, which
    // many servers delay by 40 ms (RFC 1122, section 4.2.3.2).
    let answer = dialogue.mail(&transparent(mail)).await.map_err(refusal)?;
    Ok(answer.told())
}

/// Returns a mail in transparent form (RFC 5321, section 4.5.2). A line that begins with a dot gets another one, and a line of
/// one dot ends the mail.
fn transparent(mail: &[u8]) -> Vec<u8> {
    let lines = mail.strip_suffix(b"\r\n").unwrap_or(mail);
    let mut transparent = Vec::with_capacity(lines.len() + 64);
    let mut is_start = true;
    for &byte in lines {
        if is_start && byte == b'.' {
            transparent.push(b'.');
        }
        transparent.push(byte);
        is_start = byte == b'\n';
    }
    transparent.extend_from_slice(b"\r\n.\r\n");
    transparent
}

/// Sends QUIT. A connection is closed when it is dropped, whether the server answers or not.
async fn part_from(dialogues: Vec<Dialogue>) {
    let farewell = async {
        for mut dialogue in dialogues {
            let _ = dialogue.command("QUIT\r\n", Phase::QUIT).await;
        }
    };
    let _ = timeout(FAREWELL, farewell).await;
}

/// Returns a failure that is not this mail's fault.
fn passing(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Refused(reply) => Failure::passing(told(&reply)),
        Trouble::Broken(reason) => Failure::passing(reason),
    }
}

/// Judges a refusal. A refusal of this mail is permanent (5xx). It is not if the server requires what only the configuration
/// can give: TLS or a login (RFC 4954, section 6).
fn refusal(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Refused(reply) if is_final(reply.code) => Failure::permanent(told(&reply)),
        other => passing(other),
    }
}

fn is_final(code: u16) -> bool {
    code / 100 == 5 && !matches!(code, 530 | 534 | 535 | 538)
}

fn told(reply: &Reply) -> String {
    format!("the server answered {}", reply.told())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_scheme_a_host_and_perhaps_a_port() {
        for (url, host, port) in [
            ("smtp://mail.test", "mail.test", 25),
            ("smtp+starttls://mail.test", "mail.test", 587),
            ("smtps://mail.test/", "mail.test", 465),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025),
            ("smtp://[::1]:1025", "::1", 1025),
            ("smtps://user:p%40ss@mail.test:2465", "mail.test", 2465),
        ] {
            let parsed = parse(url).unwrap_or_else(|complaint| panic!("{url}: {complaint}"));
            assert_eq!((parsed.host.as_str(), parsed.port), (host, port), "{url}");
        }
    }

    #[test]
    fn a_server_that_cannot_be_meant_is_refused_without_repeating_its_password() {
        for url in [
            "",
            "mail.test",
            "http://mail.test",
            "smtp:mail.test",
            "smtp://",
            "smtp://:25",
            "smtp://user:hidden@",
            "smtp://user:hid/den@mail.test",
            "smtp://user:hidden@mail.test/path",
            "smtp://user:hidden@mail.test?tls=off",
            "smtp://user:hidden@mail.test#x",
            "smtp://user:hidden@mail.test:99999",
            "mailbox:",
        ] {
            let complaint = check_url(url).expect_err(url);
            assert!(!complaint.contains("hid"), "{url}: {complaint}");
        }
    }

    #[test]
    fn no_line_of_a_mail_is_taken_for_its_end() {
        assert_eq!(transparent(b"A: b\r\n\r\n.\r\n..c\r\nd.\r\n"), b"A: b\r\n\r\n..\r\n...c\r\nd.\r\n.\r\n");
        assert_eq!(transparent(b".a"), b"..a\r\n.\r\n");
    }
}
