//! `[server]` and `[api]`: how the binary listens and stops, and what it shows besides the calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Complaint, Lifetime};

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Server {
    /// A connection ends when it carried no request for so long; longer than your proxy keeps its own.
    pub idle: Lifetime,
    /// A stop takes no longer than this, whatever hangs; at most `30s`.
    pub stop: Lifetime,
}

impl Default for Server {
    fn default() -> Self {
        Self { idle: Lifetime::from_seconds(75), stop: Lifetime::from_seconds(30) }
    }
}

impl Server {
    /// Complaints about values that would break connections or stops, each with its key.
    pub(super) fn complaints(&self) -> Vec<Complaint> {
        let mut found = Vec::new();
        if self.stop > Lifetime::from_seconds(30) {
            found.push(Complaint::new("server.stop", "must be at most 30s"));
        }
        if self.idle > Lifetime::from_minutes(60) {
            found.push(Complaint::new("server.idle", "must be at most 1h"));
        }
        found
    }
}

/// `[api]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Api {
    /// Shows `/api/docs/` and `/api/openapi.json`; else they are 404.
    pub docs: bool,
}

impl Default for Api {
    fn default() -> Self {
        Self { docs: true }
    }
}
