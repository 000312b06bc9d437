//! The values that configuration keys take, each parsed where it enters.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::loopback::is_loopback;

/// A length of time, written `14d`, `90m`, `10s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline)]
pub struct Lifetime(Duration);

impl Lifetime {
    /// So many days.
    pub const fn from_days(days: u64) -> Self {
        Self(Duration::from_secs(days * 24 * 60 * 60))
    }

    /// So many minutes.
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// So many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// As the standard library has it.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Lifetime {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl TryFrom<String> for Lifetime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match humantime::parse_duration(&text) {
            Ok(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err(format!("`{text}` is not a length of time: write it as in `14d`, `12h` or `10m`")),
        }
    }
}

impl From<Lifetime> for String {
    fn from(lifetime: Lifetime) -> Self {
        let seconds = lifetime.0.as_secs();
        // `14days` is what humantime writes; a file says `14d`.
        match seconds {
            0 => humantime::format_duration(lifetime.0).to_string(),
            _ if seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
            _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
            _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
            _ => format!("{seconds}s"),
        }
    }
}

/// The time for which something is kept, written as a [`Lifetime`]; `0s` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline)]
pub struct Retention(Option<Lifetime>);

impl Retention {
    /// Keeps it for ever.
    pub const FOR_EVER: Self = Self(None);

    /// The time, or `None` for ever.
    pub fn duration(self) -> Option<Duration> {
        self.0.map(Lifetime::duration)
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self(Some(Lifetime::from_days(400)))
    }
}

impl From<Lifetime> for Retention {
    fn from(lifetime: Lifetime) -> Self {
        Self(Some(lifetime))
    }
}

impl TryFrom<String> for Retention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match humantime::parse_duration(&text) {
            Ok(duration) if duration.is_zero() => Ok(Self::FOR_EVER),
            _ => Lifetime::try_from(text).map(Self::from),
        }
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> Self {
        retention.0.map_or_else(|| "0s".to_owned(), String::from)
    }
}

/// Networks, for `trusted_proxies`; an address alone is the network of that one machine.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed = texts.iter().map(|text| {
        text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
            D::Error::custom(format!(
                "`{text}` is not a network: write it as in `127.0.0.1/32` or `10.0.0.0/8`"
            ))
        })
    });
    parsed.collect()
}

/// An address and port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline)]
pub struct Address(pub SocketAddr);

impl Default for Address {
    fn default() -> Self {
        Self(SocketAddr::from(([127, 0, 0, 1], 3000)))
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is not an address and port: write it as in `127.0.0.1:3000`"))
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0.to_string()
    }
}

/// The origin under which people reach the app: scheme, host and port, no path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline)]
pub struct PublicUrl {
    origin: String,
    is_https: bool,
}

impl PublicUrl {
    /// As a browser writes it in `Origin` (RFC 6454, section 6.2).
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Tells whether cookies are `Secure` and named `__Host-…`.
    pub fn is_https(&self) -> bool {
        self.is_https
    }
}

impl Default for PublicUrl {
    fn default() -> Self {
        Self { origin: "http://localhost:3000".to_owned(), is_https: false }
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text)
            .map_err(|_| format!("`{text}` is not a URL: write it as in `https://app.example.com`"))?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "`{text}` must be scheme, host and port only, as in `https://app.example.com`"
            ));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => {
                return Err(format!(
                    "`{text}` is not safe: over plain http anyone on the way can take a session; use https (http only on loopback)"
                ));
            }
        }
        Ok(Self { origin: url.origin().ascii_serialization(), is_https: url.scheme() == "https" })
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.origin
    }
}

/// A value that is never shown.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Secret(String);

impl Secret {
    /// For the one who needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[redacted]")
    }
}
