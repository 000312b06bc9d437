//! `[[provider]]`: where people may come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Secret;

/// `[[provider]]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Provider {
    /// The path segment, as in `/api/social/github/`.
    pub id: String,
    /// `github`, `google`, `facebook`, `microsoft`, `apple`, `linkedin`, `gitlab`, `discord`, `slack`, `twitch`, `auth0`, `okta`,
    /// `keycloak`, or `oidc` for any other OpenID provider; the id when absent.
    pub kind: Option<String>,
    /// The name on the button; when absent, the usual spelling of the id (`GitHub`), or else the id.
    pub name: Option<String>,
    /// The client id that the provider gave you; at Apple the Services ID.
    pub client_id: String,
    /// The client secret that the provider gave you; not needed at Apple, where it is signed with `private_key`.
    #[schemars(extend("writeOnly" = true))]
    pub client_secret: Option<Secret>,
    /// The scopes that are asked for; the kind's own when absent.
    pub scopes: Option<Vec<String>>,
    /// The page that people are sent to, when not the provider's own.
    pub authorize_url: Option<String>,
    /// The endpoint that exchanges codes, when not the provider's own.
    pub token_url: Option<String>,
    /// The endpoint that has the profile, when not the provider's own.
    pub userinfo_url: Option<String>,
    /// The endpoint that has the addresses (github only).
    pub emails_url: Option<String>,
    /// The issuer whose ID tokens are accepted, to the letter, and at which discovery begins (OpenID Connect). Once people have
    /// signed in, another issuer is refused at the start: see `same_subjects`.
    pub issuer: Option<String>,
    /// The URL of the discovery document, when not `{issuer}/.well-known/openid-configuration`. Its issuer must still be
    /// `issuer`.
    pub discovery_url: Option<String>,
    /// The ids of the tenants whose people may sign in (microsoft only); all when absent.
    pub tenants: Option<Vec<String>>,
    /// The Team ID (apple only).
    pub team_id: Option<String>,
    /// The id of the private key (apple only).
    pub key_id: Option<String>,
    /// The private key that signs the client secret, in PEM (apple only); better as `private_key_file`, the `.p8` file of Apple.
    #[schemars(extend("writeOnly" = true))]
    pub private_key: Option<Secret>,
    /// Says that the provider's accounts are those of before, although `issuer` (or the host of `userinfo_url`) is another one
    /// now: the directory was only renamed. Without it a start with another issuer is refused, because the number of an
    /// account there may be somebody else's here.
    pub same_subjects: bool,
    /// The rule by which the provider's word on an address counts: `verified`, `always` or `never`.
    pub trust_email: Option<TrustEmail>,
    /// Keeps the provider's tokens, encrypted.
    pub store_tokens: bool,
}

/// The rule by which a provider's word on an address counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[non_exhaustive]
pub enum TrustEmail {
    /// If the provider says that it is verified.
    Verified,
    /// Always, even if the provider does not say so.
    Always,
    /// Never.
    Never,
}
