//! The issuer of ID tokens: one URL, or at Microsoft one for each tenant.

use std::borrow::Cow;

use serde_json::Value;

/// The placeholder of the tenant in Microsoft's multi-tenant discovery documents.
const TENANT: &str = "{tenantid}";
/// The longest tenant id, in bytes; Microsoft's have 36.
const LONGEST_TENANT: usize = 64;

/// The issuers whose tokens are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// Exactly this one.
    One(String),
    /// Each tenant has its own: `https://login.microsoftonline.com/{tenantid}/v2.0`.
    OfTenant {
        /// The issuer with [`TENANT`] in the place of the tenant.
        template: String,
        /// The configured issuer, if it names a tenant; that may be by a domain name.
        configured: String,
    },
}

impl Issuer {
    /// Makes the issuer by tenant, of which `configured` is one. Its first path segment is the tenant, or one of `common`,
    /// `organizations` and `consumers`.
    pub(super) fn by_tenant(configured: &str) -> Result<Self, String> {
        let parts = configured.split_once("://").and_then(|(scheme, rest)| {
            let (host, path) = rest.split_once('/')?;
            let (tenant, version) = path.split_once('/')?;
            (!tenant.is_empty()).then(|| format!("{scheme}://{host}/{TENANT}/{version}"))
        });
        let template = parts.ok_or("issuer: must be https://login.microsoftonline.com/TENANT/v2.0")?;
        Ok(Self::OfTenant { template, configured: configured.to_owned() })
    }

    /// Returns the issuer of a token with this `tid`; `None` when it names no tenant.
    pub(super) fn of(&self, tid: &Value) -> Option<Cow<'_, str>> {
        match self {
            Self::One(issuer) => Some(Cow::Borrowed(issuer)),
            Self::OfTenant { template, .. } => {
                let tid = tid.as_str().filter(|tid| is_tenant(tid))?;
                Some(Cow::Owned(template.replace(TENANT, tid)))
            }
        }
    }

    /// Returns the issuer that tokens must name under a discovery document with this issuer. It is `None` when the document is
    /// another issuer's.
    pub(super) fn documented_as(&self, told: &str) -> Option<Self> {
        match self {
            Self::One(issuer) => (told == issuer).then(|| self.clone()),
            Self::OfTenant { template, .. } if told == template => Some(self.clone()),
            // Tenants share their keys, so the document of one tenant admits that one alone.
            Self::OfTenant { configured, .. } => {
                (told == configured || self.covers(told)).then(|| Self::One(told.to_owned()))
            }
        }
    }

    /// Tells whether `told` is this issuer, or one of these.
    pub(crate) fn covers(&self, told: &str) -> bool {
        match self {
            Self::One(issuer) => told == issuer,
            Self::OfTenant { template, .. } => {
                let Some((before, after)) = template.split_once(TENANT) else { return false };
                let tenant = told.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                tenant.is_some_and(|tenant| tenant == TENANT || is_tenant(tenant))
            }
        }
    }

    /// Returns the issuer as storage and messages name it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::One(issuer) => issuer,
            Self::OfTenant { template, .. } => template,
        }
    }
}

/// Tells whether a text may be a tenant in a URL: no character of it has a meaning there.
fn is_tenant(text: &str) -> bool {
    (1..=LONGEST_TENANT).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
