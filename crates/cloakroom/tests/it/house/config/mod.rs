//! The configuration file (`config/`): files that load, and the errors of those that do not.
//!
//! Environment variables are tested with the binary, because a test cannot safely set variables of its own
//! process.

mod accent;
mod brand;
mod complaints;
mod secrets;
mod urls;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloakroom::config::{Overrides, PipelineStep, SignupMode, TrustEmail};
use cloakroom::{Config, Error};

/// The smallest file that loads. Text that a test adds begins in line 9, inside `[app]`.
const LEAST: &str = r#"public_url = "https://app.example.com"
[database]
url = "sqlite:cloakroom.db"
[mail]
url = "smtp://127.0.0.1:1025"
from = "Acme <no-reply@acme.test>"
[app]
name = "Acme"
"#;

/// A directory with a `cloakroom.toml`.
struct Place(tempfile::TempDir);

impl Place {
    fn new(text: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.file(), text).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join("cloakroom.toml")
    }

    fn load(&self) -> Result<Config, String> {
        Config::load(Some(&self.file()), &Overrides::default()).map_err(|error| self.told(&error))
    }

    /// Formats an error without the path of the directory.
    fn told(&self, error: &Error) -> String {
        error.to_string().replace(&format!("{}/", self.path().display()), "")
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let file = self.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Returns the error for `text` appended to the smallest file.
fn complaint(text: &str) -> String {
    Place::new(&format!("{LEAST}{text}")).load().expect_err(text)
}

#[test]
fn the_smallest_file_loads_and_everything_else_has_a_default() {
    let config = Place::new(LEAST).load().unwrap();
    assert_eq!((config.public_url.origin(), config.public_url.is_https()), ("https://app.example.com", true));
    assert_eq!(config.listen.0, SocketAddr::from(([127, 0, 0, 1], 3000)));
    assert_eq!(config.session.idle.duration(), Duration::from_hours(14 * 24));
    assert_eq!(config.session.absolute.duration(), Duration::from_hours(90 * 24));
    assert_eq!(config.session.recent.duration(), Duration::from_mins(10));
    assert_eq!((config.password.min_length, config.signup.mode), (10, SignupMode::Open));
    assert_eq!(config.limits.login_per_account.to_string(), "10/15m");
    assert_eq!(config.limits.login_per_ip.to_string(), "50/15m");
    assert_eq!(config.limits.mail_per_address.to_string(), "5/1h");
    assert_eq!(config.limits.mail_per_ip.to_string(), "30/1h");
    assert!(
        config.trusted_proxies.is_empty() && config.provider.is_empty() && config.metrics_listen.is_none()
    );
    assert_eq!(config.pipeline.steps.len(), 7);
}

const GITHUB: &str = "[[provider]]\nid = \"github\"\nclient_id = \"x\"\nclient_secret = \"y\"\n";

/// A file with every section and most keys. Later versions must load it as well.
const EVERY_SECTION: &str = r#"
public_url = "https://app.example.com"   # cookies, links, CSRF origin derive from this
listen = "127.0.0.1:3000"
secret_file = "secret.key"               # 32+ random bytes; made with mode 0600 when absent; or CLOAKROOM_SECRET
trusted_proxies = ["127.0.0.1/32"]       # only these may set X-Forwarded-For / -Proto
metrics_listen = "127.0.0.1:9100"        # Prometheus; off when absent
[database]
url = "sqlite:cloakroom.db"              # or postgres://user:pass@host/db
[mail]
url = "smtp://127.0.0.1:1025"            # smtp://, smtp+starttls://, smtps://
from = "Acme <no-reply@acme.test>"
[app]
name = "Acme"
dir = "dist"                             # your own built SPA instead of the embedded one
[signup]
mode = "open"                            # open | closed
[session]
idle = "14d"
absolute = "90d"
recent = "10m"                           # window for sensitive actions after a proof of identity
[password]
min_length = 10
[limits]
login_per_account = "10/15m"
login_per_ip = "50/15m"
mail_per_address = "5/1h"               # "count/window"; count 0 switches a limit off
mail_per_ip = "30/1h"
[[provider]]
id = "github"                            # the path segment: /api/social/github/
kind = "github"                          # github | google | facebook | oidc   (default: the id)
name = "GitHub"
client_id = "…"
client_secret = "…"
scopes = ["user:email"]                  # optional
authorize_url = "…"                      # optional overrides, for GitHub Enterprise and for tests
token_url = "…"
userinfo_url = "…"
emails_url = "…"                         # github only
issuer = "…"                             # oidc and google: discovery
trust_email = "verified"                 # verified | always | never   (facebook defaults to never)
store_tokens = false                     # keep the provider's tokens, encrypted
[[provider]]
id = "google-oauth2"
client_id = "…"
client_secret_file = "google.secret"
[pipeline]
steps = ["social_details", "social_uid", "auth_allowed", "social_user", "create_user", "associate_user", "user_details", { webhook = "https://hook.test", secret_file = "hook.key" }]
[pipeline.auth_allowed]
domains = []
emails = []
"#;

#[test]
fn a_file_with_every_section_loads() {
    // The file leaves the endpoints out, and a placeholder is no URL.
    let text = EVERY_SECTION.replace("_url = \"…\"", "_url = \"https://github.example.com/\"");
    let place = Place::new(&text.replace("issuer = \"…\"", "issuer = \"https://github.example.com\""));
    place.write("google.secret", "of-google\n", 0o600);
    let config = place.load().unwrap();
    let defaults = Place::new(LEAST).load().unwrap();
    assert_eq!(config.session.idle, defaults.session.idle);
    assert_eq!(config.limits.mail_per_ip, defaults.limits.mail_per_ip);
    assert_eq!(config.metrics_listen.unwrap().0, SocketAddr::from(([127, 0, 0, 1], 9100)));
    assert_eq!(config.app.dir.as_deref(), Some(&*place.path().join("dist")));
    assert_eq!(
        config.secret_file.0,
        place.path().join("secret.key"),
        "paths are taken from the file's directory"
    );
    assert_eq!(
        config.database.url.expose(),
        format!("sqlite:{}", place.path().join("cloakroom.db").display())
    );
    let [github, google] = &*config.provider else { panic!("{:?}", config.provider) };
    assert_eq!((&*github.id, github.trust_email), ("github", Some(TrustEmail::Verified)));
    assert_eq!(
        (&*google.id, google.client_secret.as_ref().unwrap().expose()),
        ("google-oauth2", "of-google")
    );
    assert!(matches!(config.pipeline.steps.last(), Some(PipelineStep::Webhook { .. })));
}

#[test]
fn the_example_loads_as_it_is_and_with_every_default_it_shows() {
    let place = Place::new(&Config::example());
    let config = place.load().unwrap();
    // Commented lines are the defaults, so uncommenting them changes nothing.
    let uncommented: Vec<String> = Config::example()
        .lines()
        .take_while(|line| !line.contains("[[provider]]"))
        .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line).to_owned())
        .collect();
    let explicit = Place::new(&uncommented.join("\n")).load().unwrap();
    assert_eq!(explicit.session.idle, config.session.idle);
    assert_eq!(explicit.limits.login_per_ip, config.limits.login_per_ip);
    assert_eq!(explicit.password.min_length, config.password.min_length);
}

/// Returns whether a line is `key = value` for a key with a default that can be written down.
fn is_setting(text: &str) -> bool {
    text.split_once(" = ").is_some_and(|(key, value)| {
        key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !value.contains('…')
    })
}

#[test]
fn explain_shows_where_each_value_comes_from() {
    let place = Place::new(&format!("{LEAST}[session]\n  idle = \"7d\"\n{GITHUB}"));
    let overrides = Overrides::default().listen(SocketAddr::from(([127, 0, 0, 1], 8080)));
    let explained = Config::explain(Some(&place.file()), &overrides).unwrap();
    let explained = explained.replace(&format!("{}/", place.path().display()), "");
    let source = |setting: &str| {
        let line = explained.lines().find(|line| line.starts_with(setting));
        let line = line.unwrap_or_else(|| panic!("{setting} in {explained}"));
        line.rsplit_once("# ").unwrap().1.to_owned()
    };
    assert_eq!(source("public_url = \"https://app.example.com\""), "cloakroom.toml:1:1");
    assert_eq!(source("listen = \"127.0.0.1:8080\""), "flag --listen");
    assert_eq!(source("idle = \"7d\""), "cloakroom.toml:10:3");
    assert_eq!(source("absolute = \"90d\""), "default");
    assert_eq!(source("min_length = 10"), "default");
    assert_eq!(source("client_id = \"x\""), "cloakroom.toml:13:1");
    assert_eq!(source("client_secret = \"[redacted]\""), "cloakroom.toml:14:1");
    let values: toml::Table = explained.parse().unwrap();
    assert_eq!(values["session"]["idle"].as_str(), Some("7d"), "what is shown can be read back");
}

#[test]
fn development_needs_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::development(directory.path(), 4000).unwrap();
    assert_eq!(config.public_url.origin(), "http://localhost:4000");
    assert!(config.listen.0.ip().is_loopback());
    assert!(config.database.url.expose().starts_with("sqlite:"));
    assert!(config.secret_file.0.starts_with(directory.path()));
}

/// `GET /api/config/` returns what a page needs, and nothing that only the operator may know.
#[tokio::test]
async fn the_api_gives_pages_what_they_need_and_no_more() {
    let app = crate::support::app::app_with(|config| {
        config.signup.mode = SignupMode::Closed;
        config.password.min_length = 12;
    })
    .await;
    let reply = app.browser().get("/api/config/").await;
    let told = serde_json::json!({
        "app": {
            "name": "Acme", "logo": null, "logo_dark": null, "icon": null, "accent": null,
            "support": null, "terms": null, "privacy": null,
        },
        "languages": cloakroom::mailing::locales(),
        "signup": {"mode": "closed"},
        "password": {"min_length": 12, "max_length": 256},
        "providers": [],
    });
    assert_eq!((reply.status.as_u16(), reply.json()), (200, told));
}
