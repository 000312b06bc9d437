//! Loads a configuration, and validates each section with the module that uses it.

use std::path::Path;

use crate::config::{self, Address, Complaint, Config, Overrides};
use crate::error::{Error, Result};
use crate::{brand, limits, mail, pipeline, policy, provider, store};

/// Returns a complaint about every setting that cannot be used. `may_keep_mail` tells whether mails may stay in the database
/// instead of being sent.
fn complaints(config: &Config, may_keep_mail: bool) -> Vec<Complaint> {
    let mut found = store::validate(&config.database);
    found.extend(mail::validate(&config.mail, may_keep_mail));
    found.extend(config::complaints(config));
    found.extend(brand::validate(&config.app));
    found.extend(policy::validate(&config.password));
    found.extend(limits::validate(&config.limits));
    found.extend(provider::validate(&config.provider));
    found.extend(pipeline::validate(&config.pipeline, &config.provider));
    found
}

impl Config {
    /// Reads `path` (when given), then `CLOAKROOM_…` of the environment, then `overrides`. A later source overrides an earlier
    /// one.
    ///
    /// Relative paths start at the file's own directory, not at the working directory of the program.
    ///
    /// # Errors
    /// [`crate::Error::Config`]: one complaint a line, with file, line and column, and the key meant.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Self> {
        config::load(path, overrides, complaints)
    }

    /// Returns the merged configuration as TOML, with the source of each key's value. Secrets are redacted.
    ///
    /// # Errors
    /// Fails as [`Config::load`] does.
    pub fn explain(path: Option<&Path>, overrides: &Overrides) -> Result<String> {
        Self::load(path, overrides).map(|config| config::explain(&config))
    }

    /// Returns the configuration of `cloakroom dev`, as [`Config::explain`] shows it.
    ///
    /// # Errors
    /// Fails as [`Config::load`] does.
    pub fn explain_development(directory: &Path) -> Result<String> {
        Self::explain(None, &Overrides::development(directory, Address::default().0.port()))
    }

    /// Returns the configuration of `cloakroom dev`: `directory` for all data, loopback only, hints in problems.
    ///
    /// # Errors
    /// Fails as [`Config::load`] does.
    pub fn development(directory: &Path, port: u16) -> Result<Self> {
        Self::load(None, &Overrides::development(directory, port))
    }

    /// Validates a configuration, regardless of its source.
    ///
    /// # Errors
    /// [`crate::Error::Config`]: one complaint a line, with the key meant, as [`Config::load`] reports it.
    pub(crate) fn require_sound(&self) -> Result<()> {
        // An app in development has nobody to mail to; an app on https has users.
        let may_keep_mail = self.development || !self.public_url.is_https();
        let lines = self.with_places(&complaints(self, may_keep_mail));
        if lines.is_empty() { Ok(()) } else { Err(Error::Config(lines.join("\n"))) }
    }

    /// Returns warnings about settings that may be right but often are not, each in a sentence with its place. `check` and the
    /// start of a server report them.
    pub fn warnings(&self) -> Vec<String> {
        let mut found = mail::warnings(&self.mail);
        found.extend(store::warnings(&self.database));
        found.extend(config::warnings(self));
        self.with_places(&found)
    }
}
