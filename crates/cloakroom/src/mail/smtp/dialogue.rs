//! Commands and replies on one connection (RFC 5321, section 4).
//!
//! The three digits of a reply decide. Its text is for people, may be in any encoding, and may be absent. It is read lossily
//! and goes to the log only.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::time::timeout;

/// The greatest size of one reply, in bytes.
const LONGEST_REPLY: u64 = 64 * 1024;
/// The bytes written at once, with a time limit of its own.
const BLOCK: usize = 64 * 1024;
/// The time for one block (RFC 5321, section 4.5.3.2.5).
const BLOCK_LIMIT: Duration = Duration::from_mins(3);

/// A phase of the dialogue, with its time limit (RFC 5321, section 4.5.3.2).
#[derive(Clone, Copy)]
pub(super) struct Phase {
    name: &'static str,
    limit: Duration,
}

impl Phase {
    pub(super) const GREETING: Self = Self::new("its greeting", 5);
    pub(super) const EHLO: Self = Self::new("the answer to EHLO", 5);
    pub(super) const STARTTLS: Self = Self::new("the answer to STARTTLS", 5);
    pub(super) const LOGIN: Self = Self::new("the answer to AUTH", 5);
    pub(super) const MAIL: Self = Self::new("the answer to MAIL", 5);
    pub(super) const RCPT: Self = Self::new("the answer to RCPT", 5);
    pub(super) const DATA: Self = Self::new("the answer to DATA", 2);
    /// The answer to the mail. A shorter limit would send the mail twice: the server may have accepted it.
    pub(super) const END: Self = Self::new("the answer to the mail", 10);
    /// The answer to NOOP; not in the standard. A kept connection that is slow to answer is replaced by a new one.
    pub(super) const NOOP: Self = Self { name: "the answer to NOOP", limit: Duration::from_secs(10) };
    /// The answer to QUIT; not in the standard. The wait for it may be cut short.
    pub(super) const QUIT: Self = Self { name: "the answer to QUIT", limit: Duration::from_secs(1) };

    const fn new(name: &'static str, minutes: u64) -> Self {
        Self { name, limit: Duration::from_mins(minutes) }
    }
}

/// A reply.
pub(super) struct Reply {
    pub(super) code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Returns the reply in the form that the operator sees.
    pub(super) fn told(&self) -> String {
        let texts = self.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        std::iter::once(self.code.to_string()).chain(texts.map(str::to_owned)).collect::<Vec<_>>().join(" ")
    }
}

/// The reason why a command failed.
pub(super) enum Trouble {
    /// The server refused it.
    Refused(Reply),
    /// The connection can no longer be used.
    Broken(String),
}

impl Trouble {
    fn broken(reason: impl Into<String>) -> Self {
        Self::Broken(reason.into())
    }
}

type Result<T> = std::result::Result<T, Trouble>;

/// A connection, with or without TLS.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// One side of a dialogue.
pub(super) struct Dialogue {
    stream: BufReader<Box<dyn Duplex>>,
    /// The extensions that the server offers: keywords with their parameters, in upper case.
    offers: Vec<String>,
}

impl Dialogue {
    pub(super) fn new(stream: Box<dyn Duplex>) -> Self {
        Self { stream: BufReader::new(stream), offers: Vec::new() }
    }

    /// Waits for the greeting.
    pub(super) async fn greet(&mut self) -> Result<()> {
        let greeting = self.hear(Phase::GREETING).await?;
        expect(greeting, &[220]).map(drop)
    }

    /// Introduces this program, and reads the extensions that the server offers. Earlier offers are forgotten.
    pub(super) async fn hello(&mut self, name: &str) -> Result<()> {
        self.offers.clear();
        let reply = self.ask(&format!("EHLO {name}\r\n"), Phase::EHLO).await?;
        let reply = expect(reply, &[250])?;
        self.offers = reply.lines.iter().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    /// Tells whether the server offers an extension.
    pub(super) fn offers(&self, extension: &str) -> bool {
        self.offers.iter().any(|line| line.split_whitespace().next() == Some(extension))
    }

    /// Requests TLS and returns the connection for the handshake, if no byte follows the server's consent. Bytes from before
    /// TLS must not be read as if they had come over TLS (RFC 3207, section 6; CVE-2021-38371).
    pub(super) async fn starttls(mut self) -> Result<Box<dyn Duplex>> {
        if !self.offers("STARTTLS") {
            return Err(Trouble::broken("the server does not offer STARTTLS"));
        }
        let reply = self.ask("STARTTLS\r\n", Phase::STARTTLS).await?;
        expect(reply, &[220])?;
        if !self.is_quiet() {
            return Err(Trouble::broken(
                "the server, or somebody between, sent more than its answer to STARTTLS before TLS began",
            ));
        }
        Ok(self.stream.into_inner())
    }

    /// Logs in, by PLAIN (RFC 4616) or else by LOGIN. The prompts of LOGIN have no fixed words, so only their order counts.
    pub(super) async fn log_in(&mut self, user: &str, password: &str) -> Result<()> {
        let reply = if self.offers_login("PLAIN") {
            let secret = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
            self.ask(&format!("AUTH PLAIN {secret}\r\n"), Phase::LOGIN).await?
        } else if self.offers_login("LOGIN") {
            let prompt = self.ask("AUTH LOGIN\r\n", Phase::LOGIN).await?;
            expect(prompt, &[334])?;
            let prompt = self.ask(&format!("{}\r\n", BASE64_STANDARD.encode(user)), Phase::LOGIN).await?;
            expect(prompt, &[334])?;
            self.ask(&format!("{}\r\n", BASE64_STANDARD.encode(password)), Phase::LOGIN).await?
        } else {
            let offers = self.offers.iter().filter_map(|line| line.strip_prefix("AUTH"));
            let offers = offers.collect::<String>();
            let offers = if offers.trim().is_empty() { " none" } else { &offers };
            return Err(Trouble::broken(format!(
                "the server offers no login by PLAIN or LOGIN, but{offers}"
            )));
        };
        expect(reply, &[235]).map(drop)
    }

    /// Tells whether the server offers a login mechanism. Some servers write `AUTH=` as the draft of RFC 2554 did.
    fn offers_login(&self, mechanism: &str) -> bool {
        let logins = self.offers.iter().filter_map(|line| line.strip_prefix("AUTH"));
        logins.flat_map(|line| line.split([' ', '='])).any(|offered| offered == mechanism)
    }

    /// Sends a command that any 2xx reply accepts.
    pub(super) async fn command(&mut self, command: &str, phase: Phase) -> Result<Reply> {
        let reply = self.ask(command, phase).await?;
        if reply.code / 100 == 2 { Ok(reply) } else { Err(Trouble::Refused(reply)) }
    }

    /// Requests permission to send a mail: only 354 grants it.
    pub(super) async fn data(&mut self) -> Result<()> {
        let reply = self.ask("DATA\r\n", Phase::DATA).await?;
        expect(reply, &[354]).map(drop)
    }

    /// Sends a mail that ends with its final dot.
    pub(super) async fn mail(&mut self, mail: &[u8]) -> Result<Reply> {
        for block in mail.chunks(BLOCK) {
            self.say(block).await?;
        }
        let reply = self.hear(Phase::END).await?;
        if reply.code / 100 == 2 { Ok(reply) } else { Err(Trouble::Refused(reply)) }
    }

    /// Tells whether no unexpected bytes have come. They would be taken as the answer to the next command.
    pub(super) fn is_quiet(&self) -> bool {
        self.stream.buffer().is_empty()
    }

    async fn ask(&mut self, command: &str, phase: Phase) -> Result<Reply> {
        self.say(command.as_bytes()).await?;
        self.hear(phase).await
    }

    async fn say(&mut self, bytes: &[u8]) -> Result<()> {
        let stream = self.stream.get_mut();
        let write = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        match timeout(BLOCK_LIMIT, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Trouble::broken(format!("connection error: {error}"))),
            Err(_) => Err(Trouble::broken(format!("the server read nothing for {}", told(BLOCK_LIMIT)))),
        }
    }

    async fn hear(&mut self, phase: Phase) -> Result<Reply> {
        timeout(phase.limit, self.reply()).await.unwrap_or_else(|_| {
            let Phase { name, limit } = phase;
            Err(Trouble::broken(format!("{name} did not come within {}", told(limit))))
        })
    }

    /// Reads one reply: lines `250-text`, and a last one `250 text` or `250` (RFC 5321, section 4.2.1).
    async fn reply(&mut self) -> Result<Reply> {
        let mut left = LONGEST_REPLY;
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = (&mut self.stream).take(left).read_until(b'\n', &mut line).await;
            let read = read.map_err(|error| Trouble::broken(format!("connection error: {error}")))?;
            left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
            if !line.ends_with(b"\n") {
                let reason = if left == 0 { "the answer is too long" } else { "the server hung up" };
                return Err(Trouble::broken(reason));
            }
            let (code, is_last, text) = parse(&line)
                .ok_or_else(|| Trouble::broken("the server gave an answer that is not of SMTP"))?;
            lines.push(text);
            if is_last {
                return Ok(Reply { code, lines });
            }
        }
    }
}

/// Returns the digits, whether this is the last line, and the text.
fn parse(line: &[u8]) -> Option<(u16, bool, String)> {
    let line = line.trim_ascii_end();
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(digits[0], b'2'..=b'5') {
        return None;
    }
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ' | b'\t', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    // The text is shown in a terminal or a log.
    let text = String::from_utf8_lossy(text).replace(char::is_control, " ");
    Some((code, is_last, text))
}

fn expect(reply: Reply, codes: &[u16]) -> Result<Reply> {
    if codes.contains(&reply.code) { Ok(reply) } else { Err(Trouble::Refused(reply)) }
}

fn told(limit: Duration) -> String {
    match limit.as_secs() {
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_line_of_a_reply_is_three_digits_and_perhaps_text() {
        for (line, expected) in [
            (&b"250 ok\r\n"[..], Some((250, true, "ok"))),
            (b"250-ok\r\n", Some((250, false, "ok"))),
            (b"250\r\n", Some((250, true, ""))),
            (b"250 \n", Some((250, true, ""))),
            (b"250-\r\n", Some((250, false, ""))),
            (b"535 \xb5\xc7 no\r\n", Some((535, true, "\u{fffd}\u{fffd} no"))),
            (b"250 \x1b[2Jok\r\n", Some((250, true, " [2Jok"))),
            (b"2500\r\n", None),
            (b"25\r\n", None),
            (b"150 ok\r\n", None),
            (b"650 ok\r\n", None),
            (b"\r\n", None),
            (b"ok 250\r\n", None),
        ] {
            let expected = expected.map(|(code, is_last, text)| (code, is_last, text.to_owned()));
            assert_eq!(parse(line), expected, "{:?}", String::from_utf8_lossy(line));
        }
    }
}
