//! Randomness and secrets: the only place that draws randomness, and where every secret is made, hashed and compared.
//!
//! Secrets here have no `Debug`, no `Serialize` and no `==`: a secret is looked up by its hash, or compared in
//! constant time by [`SecretKey::verify`].

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::files::{self, directory_of, give_to};

/// The number of bytes of an opaque ticket: 256 bits, twice what ASVS 7.2.3 asks.
const TICKET_BYTES: usize = 32;
/// The length of a ticket in the cookie, as unpadded base64url.
const TICKET_LENGTH: usize = 43;
/// The shortest key that may sign.
const KEY_BYTES: usize = 32;

/// Fills `buffer` from the operating system's generator.
#[expect(clippy::disallowed_methods, reason = "this is the door that the lint points to")]
fn draw(buffer: &mut [u8]) {
    // Without randomness there is no sign-in; to go on would be to issue guessable tickets.
    getrandom::fill(buffer).expect("the operating system gives random bytes");
}

/// Draws random bytes for a salt.
pub(crate) fn salt() -> [u8; 16] {
    let mut salt = [0; 16];
    draw(&mut salt);
    salt
}

/// Makes a new id: a `UUIDv7`, so that rows lie in the order they were made.
pub(crate) fn new_id(now: Timestamp) -> String {
    let mut random = [0; 10];
    draw(&mut random);
    uuid::Builder::from_unix_timestamp_millis(unix_millis(now), &random).into_uuid().to_string()
}

/// Makes a new id that comes after those of a lower `number` of the same millisecond (RFC 9562, section 6.2, method 1).
pub(crate) fn new_id_at(now: Timestamp, number: u16) -> String {
    let mut random = [0; 10];
    draw(&mut random[2..]);
    random[..2].copy_from_slice(&number.min(0x0fff).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(unix_millis(now), &random).into_uuid().to_string()
}

/// Returns the first id of that millisecond: all ids that were made earlier are less, all others greater.
pub(crate) fn first_id_of(instant: Timestamp) -> String {
    let millis = unix_millis(instant) & 0xffff_ffff_ffff;
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

fn unix_millis(instant: Timestamp) -> u64 {
    u64::try_from(instant.as_millis()).unwrap_or(0)
}

/// Draws a random number below `end`, which is not 0. Low numbers are likelier by less than 2⁻⁶⁴ · `end`. That weakens no
/// secret, because no secret depends on this number.
pub(crate) fn below(end: u64) -> u64 {
    let mut random = [0; 8];
    draw(&mut random);
    u64::try_from((u128::from(u64::from_le_bytes(random)) * u128::from(end)) >> 64).unwrap_or(0)
}

/// Draws 128 random bits: with the challenge's id and the key, they make the token of a challenge.
pub(crate) fn nonce() -> String {
    URL_SAFE_NO_PAD.encode(salt())
}

/// An opaque value: the content of the session cookie and the browser cookie, and the token in a mail.
#[derive(Clone)]
pub(crate) struct Ticket([u8; TICKET_LENGTH]);

impl Ticket {
    pub(crate) fn generate() -> Self {
        let mut bytes = [0; TICKET_BYTES];
        draw(&mut bytes);
        Self::encode(bytes)
    }

    fn encode(bytes: [u8; TICKET_BYTES]) -> Self {
        let mut text = [0; TICKET_LENGTH];
        URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).expect("43 characters hold 256 bits");
        Self(text)
    }

    /// Parses a ticket that somebody sent; `None` for anything that we cannot have issued.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text: [u8; TICKET_LENGTH] = bytes.try_into().ok()?;
        // All bytes are checked, many at once: to stop at the first wrong one would take longer.
        let is_base64url = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        text.iter().map(is_base64url).fold(true, |all, one| all & one).then_some(Self(text))
    }

    /// Returns the text, for the cookie or the mail only.
    pub(crate) fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a ticket is base64url")
    }

    pub(crate) fn hash(&self) -> TicketHash {
        TicketHash(Sha256::digest(self.0).into())
    }
}

/// A code verifier (RFC 7636, section 4.1), a state or a nonce has the form of a ticket: 43 characters, 256 bits.
impl Ticket {
    /// Returns the S256 code challenge of this code verifier (RFC 7636, section 4.2).
    pub(crate) fn code_challenge(&self) -> String {
        self.hash().to_text()
    }
}

/// The SHA-256 hash of a ticket, which storage keeps. A ticket has 256 random bits, so no salt or slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TicketHash([u8; 32]);

impl TicketHash {
    /// Returns the text that storage keeps.
    pub(crate) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }
}

/// The prefix of sealed text, so that another cipher can follow one day.
const SEALED: &str = "c1.";

/// Computes HMAC-SHA256 of `message` under another party's key, in hexadecimal, as other machines ask for it.
pub(crate) fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The key that signs CSRF tokens and hides addresses in the limits' keys. While it is being changed, it includes the previous
/// key.
#[derive(Clone)]
pub(crate) struct SecretKey {
    present: Hmac<Sha256>,
    previous: Option<Hmac<Sha256>>,
}

/// The purpose of a signature. A signature for one purpose is worth nothing for another.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// A CSRF token of a browser that has a session cookie.
    SessionCsrf,
    /// A CSRF token of a browser that has only the browser cookie.
    BrowserCsrf,
    /// A key in the table of limits.
    LimitKey,
    /// The token of a challenge.
    Token,
    /// The code of a challenge.
    Code,
    /// The key under which a provider's tokens are kept.
    ProviderTokens,
    /// The code verifier of an attempt at a provider.
    CodeVerifier,
    /// The `nonce` of an attempt at an OpenID provider.
    OpenIdNonce,
}

/// Six digits that prove a mailbox. A code lives for minutes and allows a handful of attempts, because it can be guessed.
pub(crate) struct Code(String);

impl Code {
    /// Returns the digits, for the mail only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Tells in constant time whether somebody typed this code. Spaces and dashes are ignored, because people group digits with
    /// them.
    pub(crate) fn is(&self, typed: &str) -> bool {
        let digits: String =
            typed.chars().filter(|character| !character.is_whitespace() && *character != '-').collect();
        digits.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

impl SecretKey {
    /// # Errors
    /// A sentence when `bytes` are fewer than 32.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < KEY_BYTES {
            return Err(format!("the secret has {} bytes and needs at least {KEY_BYTES}", bytes.len()));
        }
        let present = Hmac::new_from_slice(bytes).map_err(|error| error.to_string())?;
        Ok(Self { present, previous: None })
    }

    /// Also accepts what `previous` made. The previous key makes nothing new, except keys of limits: otherwise each count would
    /// start again when the key is changed.
    pub(crate) fn after(self, previous: Self) -> Self {
        Self { previous: Some(previous.present), ..self }
    }

    /// Returns the key that made the token of the challenge with this id and nonce. `hash` is what storage keeps of that token.
    pub(crate) fn of_token(&self, id: &str, nonce: &str, hash: TicketHash) -> Self {
        let previous = self.previous.clone().map(|present| Self { present, previous: None });
        let made_it = previous.filter(|key| key.token(id, nonce).hash() == hash);
        made_it.unwrap_or_else(|| self.clone())
    }

    /// Reads the key file, or makes it with mode 0600 when it does not exist.
    ///
    /// # Errors
    /// A sentence when the file is short, readable by others, or cannot be read or made.
    pub(crate) fn load_or_create(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            create_key_file(path).map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
        }
        Self::load(path)
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// A sentence when the file is short, readable by others, or cannot be read.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        let bytes =
            files::read_secret(path).map_err(|complaint| format!("{} {complaint}", path.display()))?;
        // Random bytes may end like white space. Only the line end that an editor adds is removed, and only from a text that
        // stays long enough. White space alone is no key.
        let bytes = if bytes.trim_ascii().is_empty() { &[] } else { bytes.as_slice() };
        let line = bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let key = line.filter(|line| line.len() >= KEY_BYTES).unwrap_or(bytes);
        Self::new(key).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Computes HMAC-SHA256 over the purpose and `message`, as base64url.
    pub(crate) fn sign(&self, purpose: Purpose, message: &[u8]) -> String {
        let key = match (purpose, &self.previous) {
            (Purpose::LimitKey, Some(previous)) => previous,
            _ => &self.present,
        };
        URL_SAFE_NO_PAD.encode(mac(key, purpose, message).finalize().into_bytes())
    }

    /// Returns the token of the challenge with this id and nonce: 256 bits that storage does not hold. It is the same each time
    /// the mail is written.
    pub(crate) fn token(&self, id: &str, nonce: &str) -> Ticket {
        self.derive(Purpose::Token, id, nonce)
    }

    /// Returns the code verifier of the attempt with this id and nonce (RFC 7636, section 4.1). Storage does not hold it
    /// either.
    pub(crate) fn code_verifier(&self, id: &str, nonce: &str) -> Ticket {
        self.derive(Purpose::CodeVerifier, id, nonce)
    }

    /// Returns the `nonce` of the same attempt (OpenID Connect Core, section 3.1.2.1).
    pub(crate) fn openid_nonce(&self, id: &str, nonce: &str) -> Ticket {
        self.derive(Purpose::OpenIdNonce, id, nonce)
    }

    fn derive(&self, purpose: Purpose, id: &str, nonce: &str) -> Ticket {
        Ticket::encode(
            mac(&self.present, purpose, format!("{id}\0{nonce}").as_bytes()).finalize().into_bytes().into(),
        )
    }

    /// Returns the code of the challenge with this id and nonce.
    pub(crate) fn code(&self, id: &str, nonce: &str) -> Code {
        let bytes =
            mac(&self.present, Purpose::Code, format!("{id}\0{nonce}").as_bytes()).finalize().into_bytes();
        let number = bytes.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Code(format!("{:06}", number % 1_000_000))
    }

    /// Tells in constant time whether `signature` is that of `message`.
    pub(crate) fn verify(&self, purpose: Purpose, message: &[u8], signature: &[u8]) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|bytes| self.keys().any(|key| mac(key, purpose, message).verify_slice(&bytes).is_ok()))
    }

    /// Returns the present key, then the previous one.
    fn keys(&self) -> impl Iterator<Item = &Hmac<Sha256>> {
        std::iter::once(&self.present).chain(&self.previous)
    }

    /// Encrypts `text` (ChaCha20-Poly1305, RFC 8439) for the row `id`. It cannot be decrypted in another row.
    ///
    /// The nonce is random: after 2³² texts under one key, two of them would share one with a chance of 2⁻³³.
    pub(crate) fn seal(&self, purpose: Purpose, id: &str, text: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        draw(&mut nonce);
        let mut bytes = text.as_bytes().to_vec();
        let sealed = cipher(&self.present, purpose).seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(id.as_bytes()),
            &mut bytes,
        );
        sealed.expect("the text is shorter than 256 GiB");
        format!("{SEALED}{}", URL_SAFE_NO_PAD.encode([nonce.as_slice(), &bytes].concat()))
    }
    /// Decrypts a text that was sealed for this purpose and row; `None` for anything else.
    pub(crate) fn unseal(&self, purpose: Purpose, id: &str, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(SEALED)?).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk()?;
        self.keys().find_map(|key| {
            let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
            let text =
                cipher(key, purpose).open_in_place(nonce, Aad::from(id.as_bytes()), &mut sealed).ok()?;
            String::from_utf8(text.to_vec()).ok()
        })
    }
}

fn cipher(key: &Hmac<Sha256>, purpose: Purpose) -> LessSafeKey {
    let key = mac(key, purpose, b"").finalize().into_bytes();
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("HMAC-SHA256 gives 32 bytes"))
}

fn mac(key: &Hmac<Sha256>, purpose: Purpose, message: &[u8]) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(match purpose {
        Purpose::SessionCsrf => b"csrf/session\0",
        Purpose::BrowserCsrf => b"csrf/browser\0",
        Purpose::LimitKey => b"limit\0",
        Purpose::Token => b"token\0",
        Purpose::Code => b"code\0",
        Purpose::ProviderTokens => b"provider-tokens\0",
        Purpose::CodeVerifier => b"code-verifier\0",
        Purpose::OpenIdNonce => b"openid-nonce\0",
    });
    mac.update(message);
    mac
}

/// Creates the key file. Two processes may start at once: the key is written whole under another name and linked. So the second
/// process finds the first one's key.
fn create_key_file(path: &Path) -> std::io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    draw(&mut bytes);
    let mut suffix = [0; 8];
    draw(&mut suffix);
    let draft = path.with_extension(format!("new-{}", URL_SAFE_NO_PAD.encode(suffix)));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    // A key file that root makes belongs to the owner of the directory: the account that the service runs under.
    give_to(&file, &directory_of(path))?;
    file.write_all(URL_SAFE_NO_PAD.encode(bytes).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
