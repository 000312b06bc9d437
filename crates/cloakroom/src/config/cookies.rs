//! `[cookies]`: the names of our cookies, for a host where other programs have cookies, too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Complaint;

/// The longest name that is accepted, in bytes.
const LONGEST_NAME: usize = 64;
/// Prefixes that browsers give a meaning (RFC 6265bis, section 4.1.3).
const PREFIXES: [&str; 4] = ["__host-", "__secure-", "__http-", "__hosthttp-"];

/// `[cookies]`: names without their prefix; `__Host-` is added on https where it fits.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Cookies {
    /// The session cookie.
    pub session: String,
    /// The CSRF token, which pages read. Another name than `csrftoken` lets Django keep its own on the same host.
    pub csrf: String,
    /// The cookie that means "the same browser".
    pub browser: String,
}

impl Default for Cookies {
    fn default() -> Self {
        Self { session: "sessionid".into(), csrf: "csrftoken".into(), browser: "browser".into() }
    }
}

/// Complains about names that browsers or servers would not take.
pub(super) fn complaints(cookies: &Cookies) -> Vec<Complaint> {
    let named = [
        ("cookies.session", &cookies.session),
        ("cookies.csrf", &cookies.csrf),
        ("cookies.browser", &cookies.browser),
    ];
    let mut found = Vec::new();
    for (index, (key, name)) in named.iter().enumerate() {
        let lower = name.to_ascii_lowercase();
        let complaint = if !is_token(name) {
            format!("`{name}` must be 1 to {LONGEST_NAME} letters, digits, `-`, `_` or `.`")
        } else if let Some(prefix) = PREFIXES.iter().find(|prefix| lower.starts_with(**prefix)) {
            format!("write the name without `{}`: `__Host-` is added on https", &name[..prefix.len()])
        } else if named[..index].iter().any(|(_, other)| other.eq_ignore_ascii_case(name)) {
            format!("`{name}` is the name of another cookie here")
        } else {
            continue;
        };
        found.push(Complaint::new(*key, complaint));
    }
    found
}

/// A subset of the cookie names that RFC 6265, section 4.1.1 allows, which every framework reads back unchanged.
fn is_token(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_fit)
}
