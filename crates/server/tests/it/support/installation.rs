//! A configuration with its database. Nodes start from it, and the command line works on it.

use std::fs;
use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

use crate::support::browser::Browser;
use crate::support::server::port_when_ready;

/// The origin that `public_url` names; nodes listen elsewhere, as behind a proxy.
pub(crate) const ORIGIN: &str = "http://localhost:3000";
/// The password of every account added here.
pub(crate) const PASSWORD: &str = "tulip-window-river";

/// A directory with a `cloakroom.toml`.
pub(crate) struct Installation {
    directory: TempDir,
}

/// A running `cloakroom serve`. The process is killed on drop.
pub(crate) struct Node {
    child: Child,
    port: u16,
}

impl Installation {
    /// Uses SQLite, or a new database on the server that `CLOAKROOM_TEST_POSTGRES` names.
    pub(crate) fn new(settings: &str) -> Self {
        let url = std::env::var("CLOAKROOM_TEST_POSTGRES")
            .map_or_else(|_| "sqlite:cloakroom.db".to_owned(), |server| create_database(&server));
        Self::with_database(&url, settings)
    }

    /// Uses this database. A relative path is inside the directory.
    pub(crate) fn with_database(url: &str, settings: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let text = format!(
            "public_url = \"{ORIGIN}\"\ntrusted_proxies = [\"127.0.0.2/32\"]\n[database]\nurl = \"{url}\"\n\
             [mail]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"Acme <no-reply@acme.test>\"\n[app]\nname = \"Acme\"\n{settings}\n",
        );
        fs::write(directory.path().join("cloakroom.toml"), text).expect("the configuration can be written");
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("cloakroom.toml")
    }

    /// Starts a node on a port that the system chooses, and waits until it is ready.
    pub(crate) fn node(&self) -> Node {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command.arg("serve").arg("-c").arg(self.config()).args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let port = port_when_ready(&mut lines).expect("it gets ready");
        thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Node { child, port }
    }

    /// Runs `cloakroom … -c cloakroom.toml` with `input` on standard input.
    pub(crate) fn command(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command.args(arguments).arg("-c").arg(self.config());
        run(command, input)
    }

    /// Adds an account with [`PASSWORD`].
    pub(crate) fn add(&self, email: &str) {
        let output = self.command(&["user", "add", email, "--password-stdin"], PASSWORD);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Node {
    /// A browser that talks to this node.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(self.address(), ORIGIN)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Waits for the process to end.
    pub(crate) fn wait(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "still running after {patience:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns the process id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Our own child, by its id; it may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns output as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command until it ends.
pub(crate) fn run(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A command that refuses early does not read its input.
    let _ = child.stdin.take().expect("standard input is a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the command ends")
}

fn create_database(server: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("binary_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(server).await.expect("the server answers");
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
    });
    let (base, _) = server.rsplit_once('/').expect("a URL");
    format!("{base}/{name}")
}
