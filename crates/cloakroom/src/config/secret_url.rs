//! URLs that may hold a password: read as those who connect read them, and shown without it.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::Config;

/// The escapes, within a password, of signs that end a part of a URL.
pub(crate) const ESCAPES: &str = "write @ / ? # in a password as %40 %2F %3F %23";
/// The text that is shown instead of a secret.
const HIDDEN: &str = "[redacted]";
/// Parameters that hold no secret; a URL with any other one is not shown.
const SHOWN: [&str; 16] = [
    "application_name",
    "cache",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "mode",
    "options",
    "pgbouncer",
    "port",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "target_session_attrs",
    "user",
];

/// A URL that may hold a password; shown without it.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// With the password.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes a relative SQLite path from `directory`.
    pub(super) fn resolve(&mut self, directory: &Path) {
        if let Some(path) = sqlite_file(&self.0) {
            let parameters = self.0.split_once('?').map(|(_, parameters)| format!("?{parameters}"));
            let path = directory.join(path);
            self.0 = format!("sqlite:{}{}", path.display(), parameters.unwrap_or_default());
        }
    }

    /// Hides the password, and all of a URL that does not read plainly: a `/`, `?` or `#` in a password moves the rest of it
    /// to where a path, a query or a fragment is expected.
    fn redacted(&self) -> String {
        if self.0.starts_with("sqlite:") {
            return self.0.clone();
        }
        self.shown().unwrap_or_else(|| HIDDEN.to_owned())
    }

    fn shown(&self) -> Option<String> {
        let mut url = Url::parse(&self.0).ok()?;
        let is_known = |name: &str| SHOWN.contains(&name);
        if tail(&self.0)?.contains(['@', '#']) || !url.query_pairs().all(|(name, _)| is_known(&name)) {
            return None;
        }
        if url.password().is_none() {
            return Some(self.0.clone());
        }
        url.set_password(Some("redacted")).ok()?;
        Some(url.to_string().replacen(":redacted@", ":[redacted]@", 1))
    }
}

/// Returns the file that a URL names, if it is one of SQLite.
pub(crate) fn sqlite_file(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    Some(rest.split_once('?').map_or(rest, |(path, _)| path).into())
}

impl Config {
    /// The file of a SQLite database; `None` on Postgres.
    pub fn database_file(&self) -> Option<PathBuf> {
        sqlite_file(self.database.url.expose())
    }

    /// Opens a file beside the SQLite database, named after it with `suffix`, or makes it with the database's owner and mode
    /// 0600. `None` on Postgres.
    ///
    /// # Errors
    /// Fails if it can be neither opened nor made.
    pub fn open_beside_database(&self, suffix: &str) -> std::io::Result<Option<std::fs::File>> {
        self.database_file().map(|database| crate::files::open_beside(&database, suffix)).transpose()
    }
}

/// Returns the rest of a URL after user, password, host and port; `None` for what is no URL of a server.
pub(crate) fn tail(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    Some(&rest[authority(rest).len()..])
}

/// Returns user, password, host and port from the start of `rest`, which follows the scheme.
pub(crate) fn authority(rest: &str) -> &str {
    &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
}

impl From<&str> for SecretUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}
