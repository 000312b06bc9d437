//! A dialogue with an SMTP server (RFC 5321).
//!
//! Connections are kept here and not in lettre's pool: that takes back a connection whose dialogue was cut off by a timeout,
//! and would read the late answer to one mail as the answer to the next. Here a connection is kept only after a mail
//! that the server has taken; whatever else happens drops it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use percent_encoding::percent_decode_str;
use url::Url;

use super::Failure;

/// How long one address of the server may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long good-byes may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// Connections kept between two mails.
const KEPT: usize = 4;

/// A server and how to speak to it.
pub(super) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    kept: Mutex<Vec<AsyncSmtpConnection>>,
}

/// What protects the dialogue.
#[derive(Clone)]
enum Security {
    /// Nothing: for servers on this machine.
    Plain,
    /// TLS after STARTTLS, or no mail.
    StartTls(TlsParameters),
    /// TLS from the first byte.
    Tls(TlsParameters),
}

/// Whether `url` names a server; if not, why.
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
    // Nothing of the text is repeated: it may hold a password.
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
    /// Takes `smtp://`, `smtp+starttls://` or `smtps://`; `hello` is how this program introduces itself.
    pub(super) fn new(text: &str, hello: &str) -> Result<Self, String> {
        let Parsed { url, host, port } = parse(text)?;
        let security = match url.scheme() {
            "smtp" => Security::Plain,
            "smtps" => Security::Tls(tls(&host)?),
            _ => Security::StartTls(tls(&host)?),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let credentials = match (decoded(url.username()), decoded(url.password().unwrap_or_default())) {
            (Ok(user), Ok(password)) if !user.is_empty() => Some(Credentials::new(user, password)),
            (Ok(_), Ok(_)) => None,
            _ => return Err("has a user or password that is not UTF-8".to_owned()),
        };
        let hello = ClientId::Domain(hello.to_owned());
        Ok(Self { host, port, security, credentials, hello, kept: Mutex::default() })
    }

    /// Hands a mail over; says what the server answered.
    pub(super) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<String, Failure> {
        let mut connection = match self.take().await {
            Some(connection) => connection,
            None => self.connect().await.map_err(passing)?,
        };
        let sent = hand_over(&mut connection, envelope, mail).await;
        match &sent {
            Ok(_) => self.keep(connection),
            Err(_) => part_from(vec![connection]).await,
        }
        sent
    }

    /// A kept connection that still answers.
    async fn take(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = kept?;
            if connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && !connection.has_broken() {
            kept.push(connection);
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.host.as_str(), self.port);
        let at_once = match &self.security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::Plain | Security::StartTls(_) => None,
        };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &self.hello, at_once, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }

    /// Says good-bye on every kept connection.
    pub(super) async fn rest(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        part_from(kept).await;
    }
}

/// The dialogue about one mail (RFC 5321, section 3.3).
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    mail: &[u8],
) -> Result<String, Failure> {
    let mut options = Vec::new();
    let addresses = envelope.from().into_iter().chain(envelope.to());
    if !addresses.map(AsRef::<str>::as_ref).all(str::is_ascii) {
        options.push((Extension::SmtpUtfEight, MailParameter::SmtpUtfEight));
    }
    if !mail.is_ascii() {
        options.push((Extension::EightBitMime, MailParameter::Body(MailBodyParameter::EightBitMime)));
    }
    if !options.iter().all(|(extension, _)| connection.server_info().supports_feature(*extension)) {
        return Err(Failure::permanent("the server does not take addresses beyond ASCII (SMTPUTF8)"));
    }
    let options = options.into_iter().map(|(_, parameter)| parameter).collect();
    // What a server says of the sender, it says of the configuration, not of this mail.
    connection.command(Mail::new(envelope.from().cloned(), options)).await.map_err(passing)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(refusal)?;
    }
    connection.command(Data).await.map_err(refusal)?;
    // In one piece with its end: lettre's `message` writes that apart, where it would wait for the acknowledgement of what went
    // before, which many servers delay by 40 ms (RFC 896, RFC 1122, section 4.2.3.2).
    let answer = connection.command(transparent(mail)).await.map_err(refusal)?;
    let lines: Vec<&str> = answer.message().collect();
    Ok(format!("{} {}", answer.code(), lines.join(" ")))
}

/// A mail as it travels: a line that begins with a dot gets another one, and a line of one dot ends it all (RFC 5321, section 4.5.2).
fn transparent(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail);
    let lines = text.strip_suffix("\r\n").unwrap_or(&text).replace("\r\n.", "\r\n..");
    let dot = if lines.starts_with('.') { "." } else { "" };
    // `command` ends no line by itself.
    format!("{dot}{lines}\r\n.\r\n")
}

/// Says good-bye. A connection is closed when it is dropped, whether the server answers or not.
async fn part_from(connections: Vec<AsyncSmtpConnection>) {
    let farewell = async {
        for mut connection in connections {
            let _ = connection.quit().await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

/// Trusts the roots that browsers trust, and those of `SSL_CERT_FILE` besides, as other programs do: for a CA of your own.
fn tls(host: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = std::env::var_os("SSL_CERT_FILE") {
        let about = |error: &dyn std::fmt::Display| format!("SSL_CERT_FILE {}: {error}", path.display());
        let pem = std::fs::read(&path).map_err(|error| about(&error))?;
        for certificate in certificates(&pem) {
            let certificate = Certificate::from_pem(certificate).map_err(|error| about(&error))?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build_rustls().map_err(|error| chain(&error))
}

/// Each certificate of a PEM file by itself, as lettre takes them.
fn certificates(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let mut rest = pem;
    std::iter::from_fn(move || {
        let end = rest.windows(END.len()).position(|window| window == END)? + END.len();
        let (certificate, after) = rest.split_at(end);
        rest = after;
        Some(certificate)
    })
}

/// What goes wrong before a server knows the recipient cannot be this mail's fault.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn passing(error: Error) -> Failure {
    Failure::passing(chain(&error))
}

/// A refusal of this mail is permanent (5xx), unless it asks for what only the configuration can give: TLS or a login
/// (RFC 4954, section 6).
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn refusal(error: Error) -> Failure {
    let about_login = error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
    Failure { is_permanent: error.is_permanent() && !about_login, reason: chain(&error) }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        let below_text = below.to_string();
        if !text.contains(&below_text) {
            text = format!("{text}: {below_text}");
        }
        cause = below.source();
    }
    text
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
        assert_eq!(transparent(b"A: b\r\n\r\n.\r\n..c\r\nd.\r\n"), "A: b\r\n\r\n..\r\n...c\r\nd.\r\n.\r\n");
        assert_eq!(transparent(b".a"), "..a\r\n.\r\n");
    }
}
