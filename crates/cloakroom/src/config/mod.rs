//! The configuration: one struct tree. The loader, the reference page, the example file and `check` read it from
//! here, doc comments included, so that a key is written once.

mod app;
mod audit;
mod complaint;
mod cookies;
mod environment;
mod load;
mod loopback;
mod print;
mod provider;
mod schema;
mod secret_url;
mod server;
mod sources;
mod validate;
mod values;
mod warnings;

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use app::{App, Csp, Pages, SignInOrder};
pub use audit::{AddressDetail, Audit};
pub(crate) use complaint::Complaint;
pub use cookies::Cookies;
/// A network, as in `trusted_proxies`; the type of the `ipnet` crate.
pub use ipnet::IpNet;
pub use load::Overrides;
pub(crate) use load::{load, read_secret};
pub(crate) use loopback::{is_here, is_loopback};
pub(crate) use print::explain;
pub use provider::{Provider, TrustEmail};
pub use secret_url::SecretUrl;
pub(crate) use secret_url::{ESCAPES, sqlite_file};
#[cfg(feature = "postgres")]
pub(crate) use secret_url::{authority, tail};
pub use server::{Api, Server};
pub(crate) use validate::complaints;
pub use values::{Address, Lifetime, PublicUrl, Retention, Secret};
pub(crate) use warnings::warnings;

use crate::error::Error;
use crate::model::rate::{Rate, Width};
use sources::Sources;

/// Everything that can be set. [`Config::load`] reads it from a file, the environment and flags; an embedding app
/// may also fill it in, starting from [`Config::default`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The origin at which people reach the app: `https://…`, or `http://` on loopback. Cookies, links and the CSRF origin derive from it.
    pub public_url: PublicUrl,
    /// The address and port to listen on.
    pub listen: Address,
    /// The key that signs CSRF tokens, at least 32 bytes; better kept in `secret_file`.
    #[schemars(extend("writeOnly" = true))]
    pub secret: Option<Secret>,
    /// A file with that key; made with mode 0600 when absent.
    pub secret_file: SecretFile,
    /// While the key is changed: the one before, at least 32 bytes. What it made is accepted; it makes nothing new.
    #[schemars(extend("writeOnly" = true))]
    pub secret_previous: Option<Secret>,
    /// A file with the key before.
    pub secret_previous_file: Option<PathBuf>,
    /// Networks whose `X-Forwarded-For` is believed: your reverse proxy, as in `["127.0.0.1/32"]`, and nobody else.
    #[serde(deserialize_with = "values::networks")]
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// The address and port at which Prometheus asks for metrics, as in `127.0.0.1:9100`; off when absent.
    pub metrics_listen: Option<Address>,
    /// The database, which keeps everything.
    pub database: Database,
    /// The way that mail is sent.
    pub mail: Mail,
    /// The app that people sign in to.
    pub app: App,
    /// The people who may make an account.
    pub signup: Signup,
    /// The lifetime of a sign-in.
    pub session: Session,
    /// The names of our cookies.
    pub cookies: Cookies,
    /// The rule for new passwords.
    pub password: Password,
    /// Limits on attempts.
    pub limits: Limits,
    /// The record of who did what.
    pub audit: Audit,
    /// Social login: one `[[provider]]` each.
    pub provider: Vec<Provider>,
    /// The steps of a social login.
    pub pipeline: Pipeline,
    /// The server: how it listens and stops.
    pub server: Server,
    /// The documents beside the calls.
    pub api: Api,
    /// Set for `cloakroom dev`: problems then carry hints.
    #[serde(skip)]
    pub(crate) development: bool,
    /// The source of each value.
    #[serde(skip)]
    pub(crate) sources: Sources,
}

/// The path of the key file.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretFile(pub PathBuf);

impl Default for SecretFile {
    fn default() -> Self {
        Self(PathBuf::from("secret.key"))
    }
}

/// `[database]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Database {
    /// `sqlite:cloakroom.db`, or `postgres://user:password@host/database`.
    #[schemars(extend("writeOnly" = true))]
    pub url: SecretUrl,
}

/// The `mail.url` of `cloakroom dev`.
pub(crate) const MAILBOX: &str = "mailbox:";

/// `[mail]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Mail {
    /// `smtp://`, `smtp+starttls://` or `smtps://`, with user and password where the server asks for them.
    #[schemars(extend("writeOnly" = true))]
    pub url: SecretUrl,
    /// The sender, as in `Acme <no-reply@acme.test>`.
    pub from: String,
    /// Accepts addresses that exist in your own network only, as `ann@intranet` or `ann@10.0.0.7`.
    pub allow_local: bool,
}

impl Mail {
    /// Tells whether mails stay in the database, for the inbox of development, instead of being sent.
    pub(crate) fn is_kept(&self) -> bool {
        let url = self.url.expose();
        url == MAILBOX
    }
}

/// `[signup]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Signup {
    /// `open`: everybody who proves an address; `closed`: only those whom an operator adds.
    pub mode: SignupMode,
}

/// The people who may make an account.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[non_exhaustive]
pub enum SignupMode {
    /// Everybody who proves an address.
    #[default]
    Open,
    /// Only those whom an operator adds.
    Closed,
}

/// `[session]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Session {
    /// The time after which an idle session ends.
    pub idle: Lifetime,
    /// The time after the sign-in at which a session ends, however much it is used.
    pub absolute: Lifetime,
    /// The time after a proof of identity in which sensitive actions need no other one.
    pub recent: Lifetime,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            idle: Lifetime::from_days(14),
            absolute: Lifetime::from_days(90),
            recent: Lifetime::from_minutes(10),
        }
    }
}

/// `[password]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Password {
    /// The least number of characters of a new password; at least 8.
    pub min_length: usize,
}

impl Default for Password {
    fn default() -> Self {
        Self { min_length: 10 }
    }
}

/// `[limits]`: `count/window`; a count of 0 switches a limit off.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Proofs of identity for one account from one network.
    pub login_per_account: Rate,
    /// Proofs of identity from one network.
    pub login_per_ip: Rate,
    /// Mails of one kind to one address, asked for from one network.
    pub mail_per_address: Rate,
    /// Mails of one kind asked for from one network.
    pub mail_per_ip: Rate,
    /// The widths at which IPv4 networks are counted, and how many times the count each may have.
    pub ipv4_widths: Vec<Width>,
    /// The widths at which IPv6 networks are counted, up to /64, and how many times the count each may have.
    pub ipv6_widths: Vec<Width>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            login_per_account: Rate::per_minutes(10, 15),
            login_per_ip: Rate::per_minutes(50, 15),
            mail_per_address: Rate::per_minutes(5, 60),
            mail_per_ip: Rate::per_minutes(30, 60),
            ipv4_widths: vec![Width::new(32, 1), Width::new(24, 16)],
            ipv6_widths: vec![Width::new(64, 1), Width::new(56, 4), Width::new(48, 16)],
        }
    }
}

/// `[pipeline]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Pipeline {
    /// The steps of a social login, in order.
    #[schemars(with = "Vec<String>")]
    pub steps: Vec<PipelineStep>,
    /// The people who may sign in by a provider.
    pub auth_allowed: AuthAllowed,
}

impl Default for Pipeline {
    fn default() -> Self {
        let steps = [
            "social_details",
            "social_uid",
            "auth_allowed",
            "social_user",
            "create_user",
            "associate_user",
            "user_details",
        ];
        Self {
            steps: steps.map(|step| PipelineStep::Named(step.into())).into(),
            auth_allowed: AuthAllowed::default(),
        }
    }
}

/// A step of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "a step is a name, `{ own = \"…\" }`, or `{ webhook = \"…\", secret_file = \"…\" }`"
)]
#[non_exhaustive]
pub enum PipelineStep {
    /// A built-in step.
    Named(String),
    /// A step of the app that embeds the library.
    Own {
        /// Its name.
        own: String,
    },
    /// A step of your own, asked over the network.
    Webhook {
        /// The URL that it is asked at.
        webhook: String,
        /// The file with the key that signs what is asked.
        secret_file: PathBuf,
    },
}

/// `[pipeline.auth_allowed]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AuthAllowed {
    /// Domains whose addresses may sign in; everyone when both lists are empty.
    pub domains: Vec<String>,
    /// Addresses that may sign in.
    pub emails: Vec<String>,
}

impl Config {
    /// A complaint about the value of `key` (`section.key`), with the place where it stands.
    pub fn complaint(&self, key: &str, complaint: impl fmt::Display) -> Error {
        Error::Config(self.sources.complaint(key, complaint))
    }

    /// Each complaint as a line that says where its value stands.
    pub(crate) fn with_places(&self, complaints: &[Complaint]) -> Vec<String> {
        complaints.iter().map(|Complaint { key, told }| self.sources.complaint(key, told)).collect()
    }

    /// Every key with its meaning and its default, as a TOML file to start from.
    pub fn example() -> String {
        print::example()
    }

    /// The JSON Schema of the file, for editors.
    pub fn schema() -> serde_json::Value {
        schema::of_config()
    }
}
