//! Complaints about values that are well formed and cannot be used, where the configuration itself can tell.
//!
//! Sections that belong to a room (mail, providers, limits …) are judged there.

use std::time::Duration;

use super::{Complaint, Config, Pages, cookies};
use crate::secret::SecretKey;

/// Browsers cap a cookie's life at 400 days.
const LONGEST_COOKIE: Duration = Duration::from_hours(400 * 24);

/// Complains about keys, names and lifetimes.
pub(crate) fn complaints(config: &Config) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut complain = |key: &str, told: String| found.push(Complaint::new(key, told));
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        complain(
            "trusted_proxies",
            "must not name every address: anybody could then choose the address that limits and logs see; name the \
             proxy's network"
                .into(),
        );
    }
    if config.app.pages == Pages::All && config.app.dir.is_none() {
        complain(
            "app.pages",
            "needs `app.dir`, the app that our pages stand beside; without it all pages are ours already"
                .into(),
        );
    }
    if let Some(secret) = &config.secret
        && secret.expose().len() < 32
    {
        complain("secret", format!("has {} bytes and needs at least 32", secret.expose().len()));
    }
    // Made at the start when absent; one that is there must be fit before anything starts.
    let key_file = &config.secret_file.0;
    if config.secret.is_none()
        && key_file.exists()
        && let Err(complaint) = SecretKey::load(key_file)
    {
        complain("secret_file", complaint);
    }
    if let Some(secret) = &config.secret_previous
        && secret.expose().len() < 32
    {
        complain("secret_previous", format!("has {} bytes and needs at least 32", secret.expose().len()));
    }
    if let Some(file) = &config.secret_previous_file
        && config.secret_previous.is_none()
        && let Err(complaint) = SecretKey::load(file)
    {
        complain("secret_previous_file", complaint);
    }
    if config.session.idle.duration() > LONGEST_COOKIE {
        complain("session.idle", "must be at most 400d: browsers keep no cookie longer".into());
    }
    found.extend(config.app.csp.complaints());
    found.extend(config.server.complaints());
    found.extend(cookies::complaints(&config.cookies));
    found
}
