//! What cannot be used although each value is well formed: unsafe or contradictory combinations.

use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use super::secret_url::{ESCAPES, check_database};
use super::{Config, PipelineStep, Provider, TrustEmail, cookies};
use crate::error::{Error, Result};
use crate::model::email::Email;
use crate::pipeline;
use crate::policy::{LONGEST_PASSWORD, LOWEST_MIN_LENGTH};
use crate::provider::{IssuerKind, KindOfProtocol, check_private_key, is_safe, kind, kinds};
use crate::secret::SecretKey;

/// Browsers cap a cookie's life at 400 days.
const LONGEST_COOKIE: Duration = Duration::from_hours(400 * 24);
/// Path segments under `/api/social/` that are not providers.
const RESERVED_IDS: [&str; 3] = ["link", "email", "identities"];

impl Config {
    /// Judges a configuration however it was made.
    ///
    /// # Errors
    /// [`crate::Error::Config`]: one complaint a line, with the key meant, as [`Config::load`] tells it.
    pub(crate) fn require_sound(&self) -> Result<()> {
        // An app in development has nobody to mail to; on https there are people.
        let may_keep_mail = self.development || !self.public_url.is_https();
        let found = complaints(self, may_keep_mail);
        let lines: Vec<String> = found.iter().map(|(key, told)| self.sources.complaint(key, told)).collect();
        if lines.is_empty() { Ok(()) } else { Err(Error::Config(lines.join("\n"))) }
    }
}

/// Each complaint with the key that it is about. `may_keep_mail`: whether mails may stay in the database instead of being sent.
pub(super) fn complaints(config: &Config, may_keep_mail: bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut complain = |key: &str, complaint: String| found.push((key.to_owned(), complaint));
    if let Err(complaint) = check_database(config.database.url.expose()) {
        complain("database.url", complaint);
    }
    let mail = config.mail.url.expose();
    if !(may_keep_mail && mail == crate::mail::MAILBOX)
        && let Err(complaint) = crate::mail::check_url(mail)
    {
        let escapes = if complaint.starts_with("cannot be read") { ESCAPES } else { "" };
        let between = if escapes.is_empty() { "" } else { "; " };
        complain("mail.url", format!("{complaint}{between}{escapes}"));
    }
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        complain(
            "trusted_proxies",
            "must not name every address: anybody could then choose the address that limits and logs see; name the \
             proxy's network"
                .into(),
        );
    }
    if !is_sender(&config.mail.from) {
        complain("mail.from", "must be an address, as in `Acme <no-reply@acme.test>`".into());
    }
    if config.app.name.trim().is_empty() || config.app.name.chars().any(char::is_control) {
        complain("app.name", "must be a name of one line".into());
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
    let min_length = config.password.min_length;
    if !(LOWEST_MIN_LENGTH..=LONGEST_PASSWORD / 4).contains(&min_length) {
        let most = LONGEST_PASSWORD / 4;
        complain("password.min_length", format!("must be from {LOWEST_MIN_LENGTH} to {most}"));
    }
    if config.session.idle.duration() > LONGEST_COOKIE {
        complain("session.idle", "must be at most 400d: browsers keep no cookie longer".into());
    }
    found.extend(config.app.csp.complaints());
    found.extend(config.server.complaints());
    found.extend(cookies::complaints(&config.cookies));
    found.extend(widths(config));
    found.extend(providers(config));
    found.extend(steps(config));
    found
}

/// Without a width, nothing would be counted by network.
fn widths(config: &Config) -> Vec<(String, String)> {
    let limits = &config.limits;
    [("limits.ipv4_widths", &limits.ipv4_widths, 32), ("limits.ipv6_widths", &limits.ipv6_widths, 64)]
        .into_iter()
        .filter(|(_, widths, most)| widths.is_empty() || widths.iter().any(|width| width.bits > *most))
        .map(|(key, _, most)| {
            (key.to_owned(), format!("must be one or more prefix lengths of at most {most}"))
        })
        .collect()
}

/// `Name <address>`, or an address alone; on one line.
fn is_sender(from: &str) -> bool {
    let address = match from.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>'),
        None => Some(from),
    };
    !from.chars().any(char::is_control) && address.and_then(Email::parse).is_some()
}

fn providers(config: &Config) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    for (index, provider) in config.provider.iter().enumerate() {
        let mut complain =
            |key: &str, complaint: String| found.push((format!("provider.{index}.{key}"), complaint));
        let id = provider.id.as_str();
        let is_segment = !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_segment || RESERVED_IDS.contains(&id) {
            complain(
                "id",
                format!(
                    "`{id}` cannot be a path segment here: use a-z, 0-9 and -, not {}",
                    RESERVED_IDS.join(", ")
                ),
            );
        }
        if !ids.insert(id) {
            complain("id", format!("`{id}` appears twice"));
        }
        for (key, complaint) in of_kind(provider) {
            complain(key, complaint);
        }
        if provider.client_id.is_empty() {
            complain("client_id", "is needed".into());
        }
        for (key, url) in endpoints(provider) {
            if !Url::parse(url).is_ok_and(|url| is_safe(&url)) {
                complain(
                    key,
                    format!(
                        "`{url}` must be an https URL (http only on loopback): codes and tokens go there"
                    ),
                );
            }
        }
    }
    found
}

/// What is wrong for the provider's kind: needs differ, and a key that a kind never reads protects nobody.
fn of_kind(provider: &Provider) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let Some(kind) = kind(provider) else {
        let known = kinds().collect::<Vec<_>>().join(", ");
        let name = provider.kind.as_deref().unwrap_or(&provider.id);
        let complaint = format!("`{name}` is not one of {known}; whoever speaks OpenID Connect is `oidc`");
        return vec![("kind", complaint)];
    };
    let issuer = match kind.protocol {
        KindOfProtocol::OpenId(issuer) => Some(issuer),
        KindOfProtocol::OAuth2(_) => None,
    };
    if let Some(IssuerKind::Configured(example) | IssuerKind::WithSlash(example)) = issuer
        && provider.issuer.is_none()
    {
        found.push(("issuer", format!("is needed for this kind, as in {example}")));
    }
    let is_by_tenant = matches!(issuer, Some(IssuerKind::ByTenant(_)));
    let unused = [
        ("tenants", provider.tenants.is_some() && !is_by_tenant),
        ("discovery_url", provider.discovery_url.is_some() && issuer.is_none()),
        ("team_id", provider.team_id.is_some() && !kind.quirks.signs_secret),
        ("key_id", provider.key_id.is_some() && !kind.quirks.signs_secret),
        ("private_key", provider.private_key.is_some() && !kind.quirks.signs_secret),
    ];
    for (key, _) in unused.into_iter().filter(|(_, is_unused)| *is_unused) {
        found.push((key, format!("is not for the kind `{}`", kind.name)));
    }
    if provider.tenants.as_ref().is_some_and(Vec::is_empty) {
        found.push(("tenants", "is empty: leave it out to let every tenant in".into()));
    }
    if provider.client_secret.as_ref().is_some_and(|secret| !secret.expose().is_empty()) {
        return found;
    }
    if !kind.quirks.signs_secret {
        found.push(("client_secret", "is needed (or client_secret_file)".into()));
        return found;
    }
    for (key, value) in [("team_id", &provider.team_id), ("key_id", &provider.key_id)] {
        if value.as_deref().is_none_or(str::is_empty) {
            found.push((key, "is needed to sign the client secret".into()));
        }
    }
    match &provider.private_key {
        None => {
            found.push(("private_key", "is needed to sign the client secret (or private_key_file)".into()));
        }
        Some(key) => found.extend(check_private_key(key).err().map(|complaint| ("private_key", complaint))),
    }
    found
}

fn endpoints(provider: &Provider) -> impl Iterator<Item = (&'static str, &str)> {
    let keys = [
        ("authorize_url", &provider.authorize_url),
        ("token_url", &provider.token_url),
        ("userinfo_url", &provider.userinfo_url),
        ("emails_url", &provider.emails_url),
        ("issuer", &provider.issuer),
        ("discovery_url", &provider.discovery_url),
    ];
    keys.into_iter().filter_map(|(key, url)| Some((key, url.as_deref()?)))
}

fn steps(config: &Config) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let named = |step: &PipelineStep| match step {
        PipelineStep::Named(name) if !pipeline::names().any(|known| known == name) => Some(name.clone()),
        _ => None,
    };
    if let Some(name) = config.pipeline.steps.iter().find_map(named) {
        let known = pipeline::names().collect::<Vec<_>>().join(", ");
        return vec![("pipeline.steps".to_owned(), format!("`{name}` is not a step; steps are {known}"))];
    }
    let place = |name: &str| {
        config.pipeline.steps.iter().position(|step| *step == PipelineStep::Named(name.to_owned()))
    };
    for needed in ["social_details", "social_uid", "social_user", "associate_user"] {
        if place(needed).is_none() {
            found.push((
                "pipeline.steps".to_owned(),
                format!("`{needed}` is missing: without it nobody is found again"),
            ));
        }
    }
    for (first, then) in [
        ("social_details", "auth_allowed"),
        ("social_details", "create_user"),
        ("social_uid", "social_user"),
        ("social_user", "associate_by_verified_email"),
        ("associate_by_verified_email", "create_user"),
        ("social_user", "create_user"),
        ("create_user", "associate_user"),
    ] {
        if let (Some(one), Some(other)) = (place(first), place(then))
            && one > other
        {
            found.push(("pipeline.steps".to_owned(), format!("`{first}` must stand before `{then}`")));
        }
    }
    let joins = config.pipeline.steps.contains(&PipelineStep::Named("associate_by_verified_email".into()));
    for (index, provider) in config.provider.iter().enumerate() {
        if joins && provider.trust_email == Some(TrustEmail::Always) {
            found.push((
                format!("provider.{index}.trust_email"),
                "`always` is not safe together with associate_by_verified_email: whoever claims an address at this provider would get its account".to_owned(),
            ));
        }
    }
    found
}
