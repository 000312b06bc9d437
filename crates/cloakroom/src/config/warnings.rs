//! Warnings: values that may be right and often are not. They are told at the start and by `check`, and never refused.

use std::os::unix::fs::PermissionsExt as _;

use ipnet::IpNet;
use url::Url;

use super::{Complaint, Config};

/// Warns of proxies, listeners and files that are open to more people than is usual.
pub(crate) fn warnings(config: &Config) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut warn = |key: &str, warning: &str| found.push(Complaint::new(key, warning));
    if config.trusted_proxies.iter().any(is_wide) {
        warn(
            "trusted_proxies",
            "names a very large network: whoever sends from it chooses the address that limits see",
        );
    }
    if config.public_url.is_https() && config.trusted_proxies.is_empty() {
        warn(
            "trusted_proxies",
            "names no proxy, and public_url is https, so one stands before this server: all people share its address and \
             its limits",
        );
    }
    if config.metrics_listen.is_some_and(|address| address.0.ip().is_unspecified()) {
        warn("metrics_listen", "listens on all addresses: whoever reaches this machine can read the metrics");
    }
    if let Some(warning) = readable_secrets(config) {
        found.push(warning);
    }
    found
}

/// Larger than any private network: `10.0.0.0/8`, `fc00::/7`.
fn is_wide(network: &IpNet) -> bool {
    network.prefix_len() < if network.network().is_ipv4() { 8 } else { 7 }
}

/// A file with secrets that everybody on the machine can read.
fn readable_secrets(config: &Config) -> Option<Complaint> {
    let file = config.sources.file.as_ref()?;
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let has_password = |url: &str| Url::parse(url).map_or(true, |url| url.password().is_some());
    let of_providers = (0..config.provider.len()).map(|index| format!("provider.{index}.client_secret"));
    let keys = [
        Some("secret").filter(|_| config.secret.is_some()),
        Some("secret_previous").filter(|_| config.secret_previous.is_some()),
        Some("database.url").filter(|_| has_password(config.database.url.expose())),
        Some("mail.url").filter(|_| has_password(config.mail.url.expose())),
    ];
    let secrets = keys.into_iter().flatten().map(str::to_owned).chain(of_providers);
    let key = secrets.into_iter().find(|key| config.sources.is_file(key))?;
    let told = format!(
        "{} can be read by everybody on this machine (mode {:o}) and holds secrets: chmod o= it, or put them into files of \
         their own",
        file.display(),
        mode & 0o777
    );
    (mode & 0o004 != 0).then(|| Complaint::new(key, told))
}
