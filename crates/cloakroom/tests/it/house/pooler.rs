//! A real `PgBouncer` in front of the test Postgres. Without both, these tests do nothing.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use cloakroom::testing::{PASSWORD, TestApp};
use cloakroom::{Cloakroom, administration::Rank};

use crate::support::database::Database;

/// A running pooler. The process is killed on drop.
struct Pooler {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Pooler {
    /// Starts a pooler in this mode in front of `url`. It ignores one startup parameter, as hosted poolers
    /// are configured.
    fn before(url: &str, mode: &str) -> Option<(Self, String)> {
        let (_, rest) = url.split_once('@')?;
        let (server, name) = rest.split_once('/')?;
        let (host, server_port) = server.split_once(':')?;
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!(
            "[databases]\n* = host={host} port={server_port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\nmax_client_conn = 100\n\
             default_pool_size = 20\nignore_startup_parameters = extra_float_digits\n"
        );
        let file = directory.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        let child = start(&file)?;
        let mut pooler = Self { child, port, _directory: directory };
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(pooler.child.try_wait().unwrap().is_none(), "PgBouncer ends");
            assert!(start.elapsed() < Duration::from_secs(10), "PgBouncer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        let url = format!("postgres://postgres@127.0.0.1:{}/{name}", pooler.port);
        Some((pooler, url))
    }
}

/// Starts `PgBouncer` as an unprivileged user, because it refuses to run as root.
fn start(settings: &Path) -> Option<Child> {
    let program =
        ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists())?;
    let mut command = if rustix::process::geteuid().is_root() {
        for path in [settings, settings.parent()?] {
            std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", program]);
        command
    } else {
        Command::new(program)
    };
    command.arg("-q").arg(settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn pooled(mode: &str) -> Option<(Pooler, Database, String)> {
    let database = Database::new().await;
    if database.is_sqlite() {
        return None;
    }
    let found = Pooler::before(&database.url, mode);
    if found.is_none() {
        eprintln!("not run: there is no PgBouncer; tools/install.sh installs it");
    }
    let (pooler, url) = found?;
    Some((pooler, database, url))
}

#[tokio::test]
async fn finding_n1_everything_works_through_a_pooler_in_session_mode() {
    let Some((_pooler, _database, url)) = pooled("session").await else { return };
    let app = TestApp::with(TestApp::config(&url), Router::new()).await;
    let other = TestApp::with(TestApp::config(&url), Router::new()).await;
    app.add("ada@example.test", Rank::Plain).await;
    let browser = app.signed_in("ada@example.test").await;
    let there = other.browser();
    there.plant("sessionid", &browser.cookie("sessionid").unwrap());
    assert_eq!(there.get("/api/users/profile/").await.status, 200);
    // A sign-out on one node is heard by the other, so LISTEN works as well.
    assert_eq!(browser.post("/api/logout/", &serde_json::json!({})).await.status, 200);
    let start = Instant::now();
    while there.get("/api/users/profile/").await.status == 200 {
        assert!(start.elapsed() < Duration::from_secs(3), "the sign-out is not heard");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.browser().login("ada@example.test", PASSWORD).await.status, 403, "without a csrftoken");
    assert!(app.cloakroom.is_ready().await);
}

#[tokio::test]
async fn finding_n1_the_sessions_settings_are_set_without_startup_parameters() {
    let Some((_pooler, _database, url)) = pooled("session").await else { return };
    let app = TestApp::with(TestApp::config(&url), Router::new()).await;
    app.add("ada@example.test", Rank::Plain).await;
    // The table is locked. A sign-in fails after the statement timeout instead of waiting for ever.
    let mut held = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE cloakroom_users IN ACCESS EXCLUSIVE MODE")
        .execute(&mut held)
        .await
        .unwrap();
    let browser = app.browser();
    browser.open_login_page().await;
    let start = Instant::now();
    assert_eq!(browser.login("ada@example.test", PASSWORD).await.status, 503);
    let waited = start.elapsed();
    assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(8), "{waited:?}");
}

#[tokio::test]
async fn finding_n1_a_pooler_in_transaction_mode_is_refused_with_a_remedy() {
    for mode in ["transaction", "statement"] {
        let Some((_pooler, _database, url)) = pooled(mode).await else { return };
        let opened = Cloakroom::new(TestApp::config(&url)).await;
        let told = opened.map(drop).expect_err(mode).to_string();
        assert!(told.contains("`database.url`: a pooler in transaction mode"), "{mode}: {told}");
        assert!(told.contains("pool_mode = session"), "{mode}: {told}");
    }
}
