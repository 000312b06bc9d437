//! Where a run works: the scratch directory, the programs under measurement, and how Cloakroom is set up.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::http;
use crate::process::{Result, Server, command, free_address};
use crate::seed;

/// The password of every account that signs in here.
pub const PASSWORD: &str = "correct-horse-battery";
/// How many accounts the clients share that sign in.
pub const ACCOUNTS: usize = 8;
/// What a proxy adds on the way, and a browser sends beside its ticket.
const FORWARDED: &str = "X-Forwarded-For: 203.0.113.7\r\nAccept: application/json\r\n";

/// The programs, and a directory that is gone after the run.
pub struct Place {
    /// The repository.
    pub root: PathBuf,
    /// The binary that we ship.
    pub cloakroom: PathBuf,
    /// The directory of `bare` and `raw-argon2`.
    pub baselines: PathBuf,
    /// Postgres, from `tools/postgres.sh`.
    pub postgres: String,
    /// Short rounds, to try the bench itself out.
    pub is_quick: bool,
    directory: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A server of ours and its database.
pub struct Installation {
    /// `sqlite:…` or `postgres://…`
    pub database: String,
    configuration: PathBuf,
    name: String,
    address: SocketAddr,
    metrics: SocketAddr,
    /// Keys over those of the file, as the environment names them, and their values.
    settings: Vec<(&'static str, String)>,
}

impl Place {
    /// Reads where everything is from the environment that `make` sets.
    pub fn find(is_quick: bool) -> Result<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let variable =
            |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set; run this by `make`"));
        let directory = root.join("bench/.scratch").join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        Ok(Self {
            cloakroom: PathBuf::from(variable("CLOAKROOM_BIN")?),
            baselines: PathBuf::from(variable("BASELINES")?),
            postgres: variable("CLOAKROOM_TEST_POSTGRES")?,
            root,
            is_quick,
            directory,
        })
    }

    /// A file of this run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// `full` as asked, or a fifth in a quick run.
    pub fn seconds(&self, full: f64) -> std::time::Duration {
        std::time::Duration::from_secs_f64(if self.is_quick { full / 5.0 } else { full })
    }

    /// How often everything is measured in turn.
    pub fn rounds(&self, full: usize) -> usize {
        if self.is_quick { 2 } else { full }
    }

    /// The handler that does nothing else, answering `body`.
    pub async fn bare(&self, body: &str) -> Result<Server> {
        let address = free_address()?;
        let mut command = command(self.baselines.join("bare"), &self.file("bare.log"))?;
        command.arg(address.to_string()).arg(body);
        Server::start(command, address, "/readyz").await
    }

    /// A server of ours that is set up and not yet started, with `sessions` in its database.
    pub async fn install(&self, name: &str, database: &str, sessions: usize) -> Result<Installation> {
        let database = match database {
            "sqlite" => format!("sqlite:{}", self.file(&format!("{name}.db")).display()),
            _ => seed::create_postgres(&self.postgres, &format!("bench_{name}")).await?,
        };
        let installation = self.configure(name, &database)?;
        self.run(&installation, &["migrate"], None).await?;
        seed::sessions(&database, sessions).await?;
        Ok(installation)
    }

    /// Another server over the same database.
    pub fn configure(&self, name: &str, database: &str) -> Result<Installation> {
        let (address, metrics) = (free_address()?, free_address()?);
        let configuration = self.file(&format!("{name}.toml"));
        // The same key for all: two nodes on one database must agree on it.
        fs::write(
            &configuration,
            format!(
                r#"public_url = "https://{host}"
listen = "{address}"
metrics_listen = "{metrics}"
secret_file = "secret.key"
trusted_proxies = ["127.0.0.1/32"]
[database]
url = "{database}"
[mail]
url = "smtp://127.0.0.1:1025"
from = "Bench <bench@example.test>"
[app]
name = "Bench"
"#,
                host = http::HOST,
            ),
        )?;
        let installation = Installation {
            database: database.to_owned(),
            configuration,
            name: name.to_owned(),
            address,
            metrics,
            settings: Vec::new(),
        };
        Ok(installation.with("LIMITS__LOGIN_PER_ACCOUNT", "0/15m").with("LIMITS__LOGIN_PER_IP", "0/15m"))
    }

    /// Starts `cloakroom serve` as in production: metrics on, the log at `info` into a file.
    pub async fn serve(&self, installation: &Installation) -> Result<Server> {
        let mut command = command(&self.cloakroom, &self.file(&format!("{}.log", installation.name)))?;
        installation.arguments(&mut command, &["serve"]);
        Server::start(command, installation.address, "/readyz").await
    }

    /// The same under a limit on open files.
    pub async fn serve_with_few_descriptors(&self, installation: &Installation, most: u32) -> Result<Server> {
        let mut command = command("bash", &self.file(&format!("{}.log", installation.name)))?;
        command.arg("-c").arg(format!(r#"ulimit -n {most} && exec "$0" "$@""#)).arg(&self.cloakroom);
        installation.arguments(&mut command, &["serve"]);
        Server::start(command, installation.address, "/readyz").await
    }

    /// Adds the accounts that sign in.
    pub async fn add_accounts(&self, installation: &Installation) -> Result<()> {
        for number in 0..ACCOUNTS {
            self.run(installation, &["user", "add", &account(number), "--password-stdin"], Some(PASSWORD))
                .await?;
        }
        Ok(())
    }

    /// Runs a command of the binary to its end.
    async fn run(&self, installation: &Installation, arguments: &[&str], input: Option<&str>) -> Result<()> {
        let log = self.file(&format!("{}.log", installation.name));
        let mut command = command(&self.cloakroom, &log)?;
        installation.arguments(&mut command, arguments);
        command.stdin(std::process::Stdio::piped());
        let mut child = command.spawn()?;
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
            pipe.write_all(input.as_bytes()).await?;
        }
        let status = child.wait().await?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        Err(format!("cloakroom {} ended with {status}: {said}", arguments.join(" ")).into())
    }
}

impl Installation {
    /// The path of the database, on SQLite.
    pub fn database_file(&self) -> Option<&Path> {
        self.database.strip_prefix("sqlite:").map(Path::new)
    }

    /// How many session checks the cache answered since the start, and how many it did not.
    pub async fn hits_and_misses(&self) -> Result<(f64, f64)> {
        let text = http::once(self.metrics, &http::get("/metrics", "")).await?.body;
        let text = String::from_utf8_lossy(&text);
        let count = |cache: &str| {
            let name = format!("cloakroom_session_checks_total{{cache=\"{cache}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0.0)
        };
        Ok((count("hit"), count("miss")))
    }

    /// With another value for a key, which is named as in the environment, without the prefix.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.settings.retain(|(known, _)| *known != key);
        self.settings.push((key, value.into()));
        self
    }

    fn arguments(&self, command: &mut Command, arguments: &[&str]) {
        command.args(arguments).arg("-c").arg(&self.configuration);
        // Only what is said here may count, whatever the shell of the person who runs this has set.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLOAKROOM_")) {
            command.env_remove(name);
        }
        for (key, value) in &self.settings {
            command.env(format!("CLOAKROOM_{key}"), value);
        }
    }
}

/// The address of an account that signs in.
pub fn account(number: usize) -> String {
    format!("client-{}@example.test", number % ACCOUNTS)
}

/// A session check as it comes through a proxy from a browser that is signed in.
pub fn session_check(ticket: &str) -> Vec<u8> {
    let mut request = Vec::with_capacity(512);
    write_session_check(ticket, &mut request);
    request
}

/// The same into a buffer.
pub fn write_session_check(ticket: &str, buffer: &mut Vec<u8>) {
    // The other two cookies have the length of ours and are not looked at by a GET.
    const OTHERS: &str = "csrftoken=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; \
                          __Host-browser=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    for part in [
        "GET /api/users/profile/ HTTP/1.1\r\nHost: ",
        http::HOST,
        "\r\n",
        FORWARDED,
        "Cookie: __Host-sessionid=",
        ticket,
        "; ",
        OTHERS,
        "\r\n\r\n",
    ] {
        buffer.extend_from_slice(part.as_bytes());
    }
}

/// Opens a page once, as a browser does: the headers of the requests that the page sends.
pub async fn page(address: SocketAddr) -> Result<String> {
    let reply = http::once(address, &http::get("/api/login-set-cookie/", FORWARDED)).await?;
    let token = reply.cookie("csrftoken").ok_or("no csrftoken in the reply")?;
    let browser = reply.cookie("__Host-browser").ok_or("no browser cookie in the reply")?;
    Ok(format!(
        "{FORWARDED}Origin: https://{}\r\nX-CSRFToken: {token}\r\nCookie: csrftoken={token}; __Host-browser={browser}\r\n",
        http::HOST
    ))
}

/// The request that signs in: it may be sent again and again.
pub async fn login_request(address: SocketAddr, email: &str) -> Result<Vec<u8>> {
    let headers = page(address).await?;
    Ok(http::post("/api/login/", &headers, &format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#)))
}

/// What ends the session of a ticket.
pub async fn logout_request(address: SocketAddr, ticket: &str) -> Result<Vec<u8>> {
    let session = format!("{FORWARDED}Cookie: __Host-sessionid={ticket}\r\n");
    let reply = http::once(address, &http::get("/api/login-set-cookie/", &session)).await?;
    let token = reply.cookie("csrftoken").ok_or("no csrftoken in the reply")?;
    let headers = format!(
        "{FORWARDED}Origin: https://{}\r\nX-CSRFToken: {token}\r\nCookie: __Host-sessionid={ticket}; csrftoken={token}\r\n",
        http::HOST
    );
    Ok(http::post("/api/logout/", &headers, "{}"))
}
