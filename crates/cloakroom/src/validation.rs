//! Loads a configuration, and asks each room about its section.

use std::path::Path;

use crate::config::{self, Address, Complaint, Config, Overrides};
use crate::error::{Error, Result};
use crate::{limits, mail, pipeline, policy, provider, store};

/// Complains about everything that cannot be used. `may_keep_mail`: whether mails may stay in the database instead of being sent.
fn complaints(config: &Config, may_keep_mail: bool) -> Vec<Complaint> {
    let mut found = store::validate(&config.database);
    found.extend(mail::validate(&config.mail, may_keep_mail));
    found.extend(config::complaints(config));
    found.extend(policy::validate(&config.password));
    found.extend(limits::validate(&config.limits));
    found.extend(provider::validate(&config.provider));
    found.extend(pipeline::validate(&config.pipeline, &config.provider));
    found
}

impl Config {
    /// Reads `path` (when given), then `CLOAKROOM_…` of the environment, then `overrides`, each over the one before.
    ///
    /// Relative paths are taken from the file's own directory, wherever the program was started.
    ///
    /// # Errors
    /// [`crate::Error::Config`]: one complaint a line, with file, line and column, and the key meant.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Self> {
        config::load(path, overrides, complaints)
    }

    /// The merged configuration as TOML, each key with where its value comes from; secrets redacted.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn explain(path: Option<&Path>, overrides: &Overrides) -> Result<String> {
        Self::load(path, overrides).map(|config| config::explain(&config))
    }

    /// The configuration of `cloakroom dev`, as [`Config::explain`] shows it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn explain_development(directory: &Path) -> Result<String> {
        Self::explain(None, &Overrides::development(directory, Address::default().0.port()))
    }

    /// What `cloakroom dev` runs with: `directory` for everything kept, loopback only, hints in problems.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn development(directory: &Path, port: u16) -> Result<Self> {
        Self::load(None, &Overrides::development(directory, port))
    }

    /// Judges a configuration however it was made.
    ///
    /// # Errors
    /// [`crate::Error::Config`]: one complaint a line, with the key meant, as [`Config::load`] tells it.
    pub(crate) fn require_sound(&self) -> Result<()> {
        // An app in development has nobody to mail to; on https there are people.
        let may_keep_mail = self.development || !self.public_url.is_https();
        let lines = self.with_places(&complaints(self, may_keep_mail));
        if lines.is_empty() { Ok(()) } else { Err(Error::Config(lines.join("\n"))) }
    }

    /// Warnings about what may be right and often is not, each in a sentence with its place. `check` and the start of a server
    /// tell them.
    pub fn warnings(&self) -> Vec<String> {
        let mut found = mail::warnings(&self.mail);
        found.extend(store::warnings(&self.database));
        found.extend(config::warnings(self));
        self.with_places(&found)
    }
}
