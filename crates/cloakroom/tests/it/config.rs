//! The configuration file (`config/`, contract sections 2 and 3): what loads, and how what does not is told.
//!
//! What comes from the environment is tested with the binary: a test cannot set variables of its own process safely.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloakroom::config::{Overrides, PipelineStep, SignupMode, TrustEmail};
use cloakroom::{Cloakroom, Config, Error};

/// The least that loads; what a test adds begins in line 9, in `[app]`.
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

    /// A complaint, without the directory.
    fn told(&self, error: &Error) -> String {
        error.to_string().replace(&format!("{}/", self.path().display()), "")
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let file = self.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// What is said of `text` after the least that loads.
fn complaint(text: &str) -> String {
    Place::new(&format!("{LEAST}{text}")).load().expect_err(text)
}

#[test]
fn the_least_that_loads_loads_and_all_else_has_a_default() {
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

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_key_meant() {
    for (text, told) in [
        ("nmae = \"x\"", "cloakroom.toml:9:1: unknown key `app.nmae`; did you mean `name`?"),
        ("  dri = \"dist\"", "cloakroom.toml:9:3: unknown key `app.dri`; did you mean `dir`?"),
        (
            "idle = \"1d\"",
            "cloakroom.toml:9:1: unknown key `app.idle`; did you mean `idle` in section [session]?",
        ),
        ("[sesion]\nidle = \"1d\"", "cloakroom.toml:9:2: unknown key `sesion`; did you mean `session`?"),
        ("[session]\nidel = \"1d\"", "cloakroom.toml:10:1: unknown key `session.idel`; did you mean `idle`?"),
        (
            "[limits]\nlogin_per_acount = \"1/1h\"",
            "cloakroom.toml:10:1: unknown key `limits.login_per_acount`; did you mean `login_per_account`?",
        ),
        (
            "[[provider]]\nid = \"github\"\nclientid = \"x\"",
            "cloakroom.toml:11:1: unknown key `provider.0.clientid`; did you mean `client_id`?",
        ),
        (
            "[signup]\nwhatever = 1",
            "cloakroom.toml:10:1: unknown key `signup.whatever`; known here are `mode`",
        ),
    ] {
        assert_eq!(complaint(text), told, "{text}");
    }
    assert!(
        complaint("development = true").contains("unknown key"),
        "no file makes a server a development one"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_told_where_it_stands() {
    for (text, told) in [
        (
            "[password]\nmin_length = \"10\"",
            "cloakroom.toml:10:14: `password.min_length` must be a whole number, not string",
        ),
        ("[session]\nidle = 14", "cloakroom.toml:10:8: `session.idle` must be text in quotes, not integer"),
        (
            "[limits]\nlogin_per_ip = [50]",
            "cloakroom.toml:10:16: `limits.login_per_ip` must be text in quotes, not array",
        ),
        ("dir = true", "cloakroom.toml:9:7: `app.dir` must be text in quotes, not boolean"),
        (
            "[[provider]]\nid = \"github\"\nstore_tokens = \"yes\"",
            "cloakroom.toml:11:16: `provider.0.store_tokens` must be true or false, not string",
        ),
    ] {
        assert_eq!(complaint(text), told, "{text}");
    }
    let place = Place::new(&format!("trusted_proxies = [\"127.0.0.1\", \"::1\", \"10.0.0.0/8\"]\n{LEAST}"));
    let networks: Vec<String> =
        place.load().unwrap().trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["127.0.0.1/32", "::1/128", "10.0.0.0/8"], "an address alone is one machine");
    let place = Place::new(&format!("trusted_proxies = \"127.0.0.1/32\"\n{LEAST}"));
    assert_eq!(
        place.load().unwrap_err(),
        "cloakroom.toml:1:19: `trusted_proxies` must be a list in brackets, not string"
    );
    let place = Place::new(&format!("session = 3\n{LEAST}"));
    assert_eq!(place.load().unwrap_err(), "cloakroom.toml:1:11: `session` must be a section, not integer");
}

#[test]
fn a_missing_key_is_told_with_its_section_and_its_variable() {
    for (left_out, told) in [
        (
            "public_url",
            "cloakroom.toml:1:1: missing key `public_url` (or CLOAKROOM_PUBLIC_URL in the environment)",
        ),
        (
            "url = \"sqlite",
            "cloakroom.toml:2:2: missing key `database.url` (or CLOAKROOM_DATABASE__URL in the environment)",
        ),
        (
            "url = \"smtp",
            "cloakroom.toml:4:2: missing key `mail.url` (or CLOAKROOM_MAIL__URL in the environment)",
        ),
        ("from", "cloakroom.toml:4:2: missing key `mail.from` (or CLOAKROOM_MAIL__FROM in the environment)"),
        ("name", "cloakroom.toml:7:2: missing key `app.name` (or CLOAKROOM_APP__NAME in the environment)"),
    ] {
        let lines: Vec<&str> =
            LEAST.lines().map(|line| if line.starts_with(left_out) { "" } else { line }).collect();
        assert_eq!(Place::new(&lines.join("\n")).load().unwrap_err(), told, "{left_out}");
    }
    assert_eq!(Place::new("").load().unwrap_err().lines().count(), 5, "all at once");
}

#[test]
fn a_value_that_cannot_be_used_is_told_with_its_key_and_how_to_write_it() {
    for (text, told) in [
        (
            "[session]\nidle = \"soon\"",
            "cloakroom.toml:10:1: `session.idle`: `soon` is not a length of time: write it as in `14d`, `12h` or `10m`",
        ),
        ("[session]\nidle = \"0s\"", "cloakroom.toml:10:1: `session.idle`: `0s` is not a length of time"),
        ("[session]\nidle = \"500d\"", "cloakroom.toml:10:1: `session.idle`: must be at most 400d"),
        ("[limits]\nlogin_per_ip = \"50\"", "cloakroom.toml:10:1: `limits.login_per_ip`: `50` is not a rate"),
        (
            "[limits]\nlogin_per_ip = \"-1/15m\"",
            "cloakroom.toml:10:1: `limits.login_per_ip`: `-1/15m` is not a rate",
        ),
        (
            "[limits]\nlogin_per_ip = \"5/0s\"",
            "cloakroom.toml:10:1: `limits.login_per_ip`: `5/0s` is not a rate",
        ),
        ("[password]\nmin_length = 7", "cloakroom.toml:10:1: `password.min_length`: must be from 8 to 64"),
        ("[password]\nmin_length = 257", "cloakroom.toml:10:1: `password.min_length`: must be from 8 to 64"),
        ("[password]\nmin_length = -1", "cloakroom.toml:10:1: `password.min_length`: "),
        ("[signup]\nmode = \"opened\"", "cloakroom.toml:10:1: `signup.mode`: unknown variant `opened`"),
        (
            "[[provider]]\nid = \"link\"\nkind = \"github\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:10:1: `provider.0.id`: `link` cannot be a path segment here",
        ),
        (
            "[[provider]]\nid = \"git/hub\"\nkind = \"github\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:10:1: `provider.0.id`: `git/hub` cannot be",
        ),
        (
            "[[provider]]\nid = \"sso\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:9:3: `provider.0.kind`: `sso` is not one of",
        ),
        (
            "[[provider]]\nid = \"sso\"\nkind = \"oidc\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:9:3: `provider.0.issuer`: is needed",
        ),
        (
            "[pipeline]\nsteps = [\"social_detials\"]",
            "cloakroom.toml:10:1: `pipeline.steps`: `social_detials` is not a step",
        ),
    ] {
        let complaint = complaint(text);
        assert!(complaint.starts_with(told), "{text}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    for (line, told) in [
        ("listen = \"localhost\"", "cloakroom.toml:1:1: `listen`: `localhost` is not an address and port"),
        (
            "trusted_proxies = [\"127.0.0.1\", \"nonsense\"]",
            "cloakroom.toml:1:1: `trusted_proxies`: `nonsense` is not a network",
        ),
    ] {
        let complaint = Place::new(&format!("{line}\n{LEAST}")).load().unwrap_err();
        assert!(complaint.starts_with(told), "{line}: {complaint}");
    }
    for (from, to, told) in [
        (
            "sqlite:cloakroom.db",
            "mysql://localhost/x",
            "cloakroom.toml:3:1: `database.url`: must begin with sqlite: or postgres://",
        ),
        ("smtp://127.0.0.1:1025", "127.0.0.1:1025", "cloakroom.toml:5:1: `mail.url`: must begin with"),
        ("Acme <no-reply@acme.test>", "Acme", "cloakroom.toml:6:1: `mail.from`: must be an address"),
        (
            "Acme <no-reply@acme.test>",
            "Acme\\r\\nBcc: <v@acme.test>",
            "cloakroom.toml:6:1: `mail.from`: must be an address",
        ),
        ("name = \"Acme\"", "name = \" \"", "cloakroom.toml:8:1: `app.name`: must be a name"),
    ] {
        let complaint = Place::new(&LEAST.replace(from, to)).load().unwrap_err();
        assert!(complaint.starts_with(told), "{to}: {complaint}");
    }
}

#[test]
fn a_public_url_is_https_or_loopback_and_nothing_but_an_origin() {
    let with = |url: &str| Place::new(&LEAST.replace("https://app.example.com", url)).load();
    for unsafe_url in [
        "http://app.example.com",
        "http://10.0.0.1",
        "http://192.168.1.5:3000",
        "http://0.0.0.0:3000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://notlocalhost",
        "ftp://localhost",
        "ws://localhost",
    ] {
        let complaint = with(unsafe_url).expect_err(unsafe_url);
        assert!(complaint.starts_with("cloakroom.toml:1:1: `public_url`: "), "{complaint}");
        assert!(complaint.contains("is not safe"), "{complaint}");
    }
    for not_an_origin in
        ["", "app.example.com", "https://", "https://x/path", "https://x/?q", "https://x/#f", "https://u:p@x"]
    {
        let complaint = with(not_an_origin).expect_err(not_an_origin);
        assert!(complaint.starts_with("cloakroom.toml:1:1: `public_url`: "), "{not_an_origin}: {complaint}");
    }
    for (url, origin) in [
        ("https://App.Example.COM/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.9:80", "http://127.0.0.9"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
    ] {
        assert_eq!(with(url).unwrap().public_url.origin(), origin, "{url}");
    }
}

#[test]
fn a_short_secret_is_refused() {
    let place = Place::new(&format!("secret = \"short\"\n{LEAST}"));
    assert_eq!(place.load().unwrap_err(), "cloakroom.toml:1:1: `secret`: has 5 bytes and needs at least 32");
    let place = Place::new(&format!("secret = \"{}\"\n{LEAST}", "x".repeat(32)));
    assert!(place.load().is_ok());
}

#[test]
fn a_key_file_that_is_short_or_readable_by_others_is_refused_with_its_place() {
    let place = Place::new(&format!("secret_file = \"my.key\"\n{LEAST}"));
    let key = "0123456789abcdef0123456789abcdef";
    for (text, mode, told) in [
        (key, 0o644, "can be read by others (mode 644)"),
        (key, 0o640, "can be read by others (mode 640)"),
        (key, 0o604, "can be read by others (mode 604)"),
        ("short", 0o600, "has 5 bytes and needs at least 32"),
        ("", 0o600, "has 0 bytes"),
        (" \n\t                                    \n", 0o600, "has 0 bytes"),
    ] {
        place.write("my.key", text, mode);
        let complaint = place.load().expect_err(told);
        assert!(complaint.starts_with("cloakroom.toml:1:1: `secret_file`: "), "{complaint}");
        assert!(complaint.contains(told), "{complaint}");
        assert!(!complaint.contains(key), "{complaint}");
    }
    place.write("my.key", &format!("{key}\n"), 0o600);
    assert!(place.load().is_ok());
    let (random, _) = key.split_at(31);
    for last in [" ", "\t", "\n"] {
        place.write("my.key", &format!("{random}{last}"), 0o600);
        assert!(place.load().is_ok(), "random bytes may end with {last:?}");
    }
}

#[test]
fn a_secret_from_a_file_that_is_empty_or_readable_by_everybody_is_refused_with_its_place() {
    let provider = "[[provider]]\nid = \"github\"\nclient_id = \"x\"\nclient_secret_file = \"my.secret\"\n";
    let place = Place::new(&format!("{LEAST}\n{provider}"));
    for (text, mode, told) in [
        ("hidden", 0o644, "can be read by everybody (mode 644)"),
        ("hidden", 0o602, "can be read by everybody (mode 602)"),
        (" \n", 0o600, "is empty"),
    ] {
        place.write("my.secret", text, mode);
        let complaint = place.load().expect_err(told);
        assert!(complaint.contains("`provider.0.client_secret_file`: "), "{complaint}");
        assert!(complaint.starts_with("cloakroom.toml:"), "{complaint}");
        assert!(complaint.contains(told), "{complaint}");
        assert!(!complaint.contains("hidden"), "{complaint}");
    }
    place.write("my.secret", "hidden\n", 0o640);
    assert!(place.load().is_ok());
}

#[tokio::test]
async fn a_key_file_that_is_absent_is_made_and_nobody_else_can_read_it() {
    let place = Place::new(LEAST);
    let open = async || Cloakroom::open(place.file()).await.map_err(|error| place.told(&error));
    open().await.unwrap().close().await;
    let file = place.path().join("secret.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read(&file).unwrap();
    assert!(key.len() >= 32);
    open().await.unwrap().close().await;
    assert_eq!(fs::read(&file).unwrap(), key, "the same key at the next start");
    place.write("secret.key", "0123456789abcdef0123456789abcdef", 0o644);
    let complaint = open().await.map(|_| ()).unwrap_err();
    assert!(complaint.contains("can be read by others"), "{complaint}");
}

const GITHUB: &str = "[[provider]]\nid = \"github\"\nclient_id = \"x\"\nclient_secret = \"y\"\n";

#[test]
fn a_provider_whose_every_word_counts_may_not_join_accounts_by_address() {
    let joins = "[pipeline]\nsteps = [\"social_details\", \"social_uid\", \"social_user\", \"associate_by_verified_email\", \"create_user\", \"associate_user\"]\n";
    let text = format!("{GITHUB}trust_email = \"always\"\n{joins}");
    let complaint = complaint(&text);
    assert!(complaint.starts_with("cloakroom.toml:13:1: `provider.0.trust_email`: `always` is not safe together with associate_by_verified_email"), "{complaint}");
    for safe in [
        format!("{GITHUB}trust_email = \"always\"\n"),
        format!("{GITHUB}{joins}"),
        format!("{GITHUB}trust_email = \"verified\"\n{joins}"),
    ] {
        Place::new(&format!("{LEAST}{safe}")).load().unwrap();
    }
}

#[test]
fn every_complaint_is_told_at_once_a_line_each() {
    let told = complaint("nmae = 1\n[session]\nidle = 3\n[pasword]\nx = 1");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    for (line, place) in
        lines.iter().zip(["cloakroom.toml:9:1: ", "cloakroom.toml:12:2: ", "cloakroom.toml:11:8: "])
    {
        assert!(told.contains(place), "{line} {place}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    for (text, place) in [
        ("x = = 1", "cloakroom.toml:9:5: "),
        ("[unclosed", "cloakroom.toml:9:"),
        ("dir = 'a\nb'", "cloakroom.toml:10:"),
    ] {
        assert!(complaint(text).starts_with(place), "{}", complaint(text));
    }
    let twice = complaint("name = \"Acme\"");
    assert!(twice.starts_with("cloakroom.toml:9:1: ") && twice.contains("duplicate key"), "{twice}");
    let directory = tempfile::tempdir().unwrap();
    let absent =
        Config::load(Some(&directory.path().join("absent.toml")), &Overrides::default()).unwrap_err();
    assert!(absent.to_string().contains("absent.toml: cannot be read"), "{absent}");
}

#[test]
fn o34_a_provider_that_cannot_be_used_is_refused_before_anything_starts() {
    let complaint_about = |lines: &str| complaint(&format!("[[provider]]\n{lines}"));
    let good = "client_id = \"x\"\nclient_secret = \"y\"";
    for (lines, told) in [
        ("id = \"github\"\nclient_secret = \"y\"".to_owned(), "client_id"),
        ("id = \"github\"\nclient_id = \"x\"".to_owned(), "client_secret"),
        ("id = \"github\"\nclient_id = \"x\"\nclient_secret = \"\"".to_owned(), "client_secret"),
        (format!("id = \"oidc\"\n{good}"), "issuer"),
        (format!("id = \"corp\"\n{good}"), "kind"),
        (format!("id = \"corp\"\nkind = \"oidc\"\nissuer = \"http://idp.example.com\"\n{good}"), "issuer"),
        (format!("id = \"github\"\ntoken_url = \"http://github.example.com/token\"\n{good}"), "token_url"),
        (format!("id = \"github\"\nuserinfo_url = \"file:///etc/passwd\"\n{good}"), "userinfo_url"),
        (format!("id = \"github\"\nemails_url = \"not a url\"\n{good}"), "emails_url"),
    ] {
        let complaint = complaint_about(&lines);
        assert!(complaint.contains(&format!("`provider.0.{told}`")), "{lines}: {complaint}");
    }
}

/// Section 3 of the contract, to the letter.
const CONTRACT: &str = r#"
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
fn the_file_of_the_contract_loads_to_the_letter() {
    // The contract leaves the endpoints out; what is no URL is refused.
    let text = CONTRACT.replace("_url = \"…\"", "_url = \"https://github.example.com/\"");
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
    // What is commented out is the default: the same file with those lines in force means the same.
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

/// `key = value`, of a key that has a default that can be written down.
fn is_setting(text: &str) -> bool {
    text.split_once(" = ").is_some_and(|(key, value)| {
        key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !value.contains('…')
    })
}

const SECRETS: [&str; 4] =
    ["hunter2-database", "hunter2-mail", "hunter2-github", "hunter2-key-0123456789abcdef0123"];

fn with_secrets() -> Place {
    let [database, mail, github, key] = SECRETS;
    let text = LEAST
        .replace("sqlite:cloakroom.db", &format!("postgres://cloakroom:{database}@db.test/cloakroom"))
        .replace("smtp://127.0.0.1", &format!("smtps://mailer:{mail}@127.0.0.1"));
    let provider = GITHUB.replace("\"y\"", &format!("\"{github}\""));
    Place::new(&format!("secret = \"{key}\"\n{text}{provider}"))
}

#[test]
fn no_secret_is_shown_by_explain_or_debug() {
    let place = with_secrets();
    let explained = Config::explain(Some(&place.file()), &Overrides::default()).unwrap();
    let config = place.load().unwrap();
    assert!(config.database.url.expose().contains(SECRETS[0]), "they are there");
    let as_json = serde_json::to_string(&config).unwrap();
    for shown in [&explained, &format!("{config:?}"), &format!("{config:#?}"), &as_json] {
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("redacted") && shown.contains("db.test"), "{shown}");
    }
}

#[test]
fn no_secret_is_shown_by_a_complaint() {
    let place = with_secrets();
    let good = fs::read_to_string(place.file()).unwrap();
    for (from, to) in [
        ("postgres://", "mysql://"),
        ("smtps://", "smtpx://"),
        ("id = \"github\"", "id = \"li/nk\""),
        ("client_secret = ", "client_secert = "),
        ("secret = \"hunter2-key", "secret = 3 # \"hunter2-key"),
        ("client_secret = \"", "client_secret = [\""),
        ("[mail]", "[mail"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(place.file(), good.replacen(from, to, 1)).unwrap();
        let complaint = place.load().expect_err(to);
        for secret in SECRETS {
            assert!(!complaint.contains(secret), "{complaint}");
        }
    }
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
fn a_secret_may_stand_in_a_file_of_its_own() {
    let text = LEAST.replace("url = \"sqlite:cloakroom.db\"", "url_file = \"database.url\"");
    let place = Place::new(&text);
    assert!(
        place
            .load()
            .unwrap_err()
            .starts_with("cloakroom.toml:3:1: `database.url_file`: database.url cannot be read")
    );
    place.write("database.url", "postgres://cloakroom:x@db.test/cloakroom\n", 0o600);
    assert_eq!(place.load().unwrap().database.url.expose(), "postgres://cloakroom:x@db.test/cloakroom");
    assert!(complaint("name_file = \"x\"").contains("unknown key `app.name_file`"), "only secrets");
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

/// `GET /api/config/`: what a page must know, and nothing that only the operator may.
#[tokio::test]
async fn the_api_tells_pages_what_they_must_know_and_no_more() {
    let app = crate::database::app_with(|config| {
        config.signup.mode = SignupMode::Closed;
        config.password.min_length = 12;
    })
    .await;
    let reply = app.browser().get("/api/config/").await;
    let told = serde_json::json!({
        "app": {"name": "Acme"},
        "signup": {"mode": "closed"},
        "password": {"min_length": 12, "max_length": 256},
        "providers": [],
    });
    assert_eq!((reply.status.as_u16(), reply.json()), (200, told));
}
