//! The names of providers, as people read them.

use crate::config::{Config, Provider};

impl Config {
    /// Returns the name of a provider for people; its id when it is not configured any more.
    pub(crate) fn provider_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.provider.iter().find(|provider| provider.id == id).map_or(id, Provider::display_name)
    }
}

impl Provider {
    /// Returns its name for people: the configured name, the usual spelling of a well-known provider, or else its id.
    pub(crate) fn display_name(&self) -> &str {
        let known = Self { id: self.id.clone(), ..Self::default() };
        let label = super::kind(&known).and_then(|kind| kind.label);
        self.name.as_deref().or(label).unwrap_or(&self.id)
    }
}
