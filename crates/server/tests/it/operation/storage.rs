//! Storage that is busy, full, gone or silent: clients get 503, nothing is lost, and it recovers without a
//! restart.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use crate::support::breakable_proxy::{BreakableProxy, DOWN, HANGS, PASSES};
use crate::support::browser::Browser;
use crate::support::installation::{Installation, Node, PASSWORD};

/// Waits until the profile answers with this status.
fn wait_for(browser: &mut Browser, status: u16, patience: Duration) {
    let start = Instant::now();
    while browser.profile() != status {
        assert!(start.elapsed() < patience, "no {status} within {patience:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// L08: another process holds the write lock. Signed-in users notice nothing, and a sign-in waits and then
/// gets 503.
#[test]
fn l08_a_locked_database_causes_503_for_writes_and_does_not_affect_reads() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let node = installation.node();
    let mut ann = node.browser();
    assert_eq!(ann.login("ann@example.test", PASSWORD).status, 200);
    let url = format!("sqlite:{}", installation.path().join("cloakroom.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut other = runtime.block_on(sqlx::SqliteConnection::connect(&url)).unwrap();
    runtime.block_on(other.execute("BEGIN IMMEDIATE")).unwrap();

    let start = Instant::now();
    let login = thread::spawn({
        let mut browser = node.browser();
        move || browser.login("ann@example.test", PASSWORD)
    });
    for _ in 0..20 {
        let read = Instant::now();
        assert_eq!(ann.profile(), 200);
        // A writer waits for five seconds and then gets 503.
        assert!(read.elapsed() < Duration::from_secs(3), "a read waited for a writer");
        thread::sleep(Duration::from_millis(100));
    }
    let refused = login.join().unwrap();
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    assert!(refused.header("retry-after").is_some());
    assert!(start.elapsed() < Duration::from_secs(20), "it waited {:?}", start.elapsed());

    runtime.block_on(other.execute("ROLLBACK")).unwrap();
    assert_eq!(node.browser().login("ann@example.test", PASSWORD).status, 200);
}

/// A small file system. It is unmounted on drop.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts one, or returns `None` if that is not allowed.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(directory.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// L07: the disk is full. Writes get 503, reads work, and writes work again once there is room.
#[test]
fn l07_a_full_disk_causes_503_for_writes_and_recovers() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("not run: mounting a file system needs root");
        return;
    };
    let database = disk.0.path().join("cloakroom.db");
    let installation = Installation::with_database(&format!("sqlite:{}", database.display()), "");
    installation.add("ann@example.test");
    let node = installation.node();
    let mut ann = node.browser();
    assert_eq!(ann.login("ann@example.test", PASSWORD).status, 200);
    let filler = disk.0.path().join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}

    // The write-ahead log may have pages to reuse, so the first write need not fail.
    let refused = (0..20)
        .map(|_| node.browser().login("ann@example.test", PASSWORD))
        .find(|reply| reply.status != 200)
        .expect("a full disk refuses writes in the end");
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    assert_eq!(ann.profile(), 200);

    fs::remove_file(&filler).unwrap();
    drop(file);
    assert_eq!(node.browser().login("ann@example.test", PASSWORD).status, 200);
}

/// A disk that fails every `fsync`, for one running process. It ends on drop.
struct LyingDisk(Child);

impl LyingDisk {
    /// Attaches to a process, or returns `None` without strace or the permission to trace.
    fn under(process: u32) -> Option<Self> {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"]);
        command.args(["-o", "/dev/null", "-p", &process.to_string()]);
        let mut tracer = command.stderr(Stdio::null()).spawn().ok()?;
        let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?.count();
        let caught = || {
            let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
            let status = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
            status.filter(|text| !text.contains("TracerPid:\t0\n")).count()
        };
        while caught() < threads {
            if tracer.try_wait().ok().flatten().is_some() {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
        Some(Self(tracer))
    }
}

impl Drop for LyingDisk {
    fn drop(&mut self) {
        let tracer = rustix::process::Pid::from_child(&self.0);
        // On SIGTERM strace detaches. If it were killed, it might leave the process stopped.
        let _ = rustix::process::kill_process(tracer, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Waits until `/readyz` answers with this status.
fn wait_until_ready_is(node: &Node, status: u16) {
    let start = Instant::now();
    while node.browser().get("/readyz").status != status {
        assert!(start.elapsed() < Duration::from_secs(15), "/readyz is not {status}");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(node.browser().get("/healthz").status, 200);
}

#[test]
fn finding_r16_a_node_whose_database_is_locked_is_not_ready() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    let node = installation.node();
    wait_until_ready_is(&node, 200);
    let url = format!("sqlite:{}", installation.path().join("cloakroom.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut other = runtime.block_on(sqlx::SqliteConnection::connect(&url)).unwrap();
    runtime.block_on(other.execute("BEGIN IMMEDIATE")).unwrap();
    wait_until_ready_is(&node, 503);
    runtime.block_on(other.execute("ROLLBACK")).unwrap();
    wait_until_ready_is(&node, 200);
}

#[test]
fn finding_r16_a_node_whose_disk_is_full_is_not_ready() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("not run: mounting a file system needs root");
        return;
    };
    let database = disk.0.path().join("cloakroom.db");
    let installation = Installation::with_database(&format!("sqlite:{}", database.display()), "");
    installation.add("ann@example.test");
    let node = installation.node();
    let filler = disk.0.path().join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    // Writes that fit into the write-ahead log still succeed.
    let sign_in = || node.browser().login("ann@example.test", PASSWORD).status;
    assert!((0..20).any(|_| sign_in() == 503), "a full disk refuses writes in the end");
    wait_until_ready_is(&node, 503);
    fs::remove_file(&filler).unwrap();
    drop(file);
    wait_until_ready_is(&node, 200);
    assert_eq!(sign_in(), 200);
}

/// L06: the disk accepts bytes and does not keep them. Unsafe writes are not confirmed, and confirmed ones
/// survive a kill.
#[test]
fn l06_a_disk_that_loses_writes_causes_503_and_loses_nothing_that_was_confirmed() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let node = installation.node();
    let (mut ann, mut gone) = (node.browser(), node.browser());
    assert_eq!(ann.login("ann@example.test", PASSWORD).status, 200);
    assert_eq!(gone.login("ann@example.test", PASSWORD).status, 200);
    let Some(disk) = LyingDisk::under(node.process()) else {
        eprintln!("not run: it needs strace, and leave to trace");
        return;
    };
    let refused = node.browser().login("ann@example.test", PASSWORD);
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    assert_eq!(gone.post("/api/logout/", &json!({})).status, 503);
    assert_eq!(ann.profile(), 200);
    drop(disk);

    assert_eq!(gone.post("/api/logout/", &json!({})).status, 200);
    let mut last = node.browser();
    assert_eq!(last.login("ann@example.test", PASSWORD).status, 200);
    drop(node);
    let node = installation.node();
    for (browser, status) in [(ann, 200), (last, 200), (gone, 401)] {
        assert_eq!(browser.moved_to(node.address()).profile(), status);
    }
}

/// L10: Postgres is cut off, then silent. Requests get 503 in time, the process stays alive, and it recovers
/// within ten seconds.
#[test]
fn l10_postgres_that_goes_away_or_hangs_causes_503_and_recovers() {
    let Ok(server) = std::env::var("CLOAKROOM_TEST_POSTGRES") else { return };
    let (_, rest) = server.split_once('@').unwrap();
    let target: SocketAddr = rest.split('/').next().unwrap().parse().unwrap();
    let proxy = BreakableProxy::to(target);
    // A database of its own, reached through the proxy.
    let direct = Installation::new("");
    direct.add("ann@example.test");
    let text = fs::read_to_string(direct.config()).unwrap();
    fs::write(direct.config(), text.replace(&target.to_string(), &proxy.address.to_string())).unwrap();
    let node = direct.node();
    let mut ann = node.browser();
    assert_eq!(ann.login("ann@example.test", PASSWORD).status, 200);

    for broken in [DOWN, HANGS] {
        assert_eq!(ann.profile(), 200);
        proxy.set(broken);
        // Cached reads may be trusted for some seconds.
        wait_for(&mut ann, 503, Duration::from_secs(20));
        let start = Instant::now();
        assert_eq!(node.browser().get("/readyz").status, 503, "{broken}");
        assert_eq!(node.browser().get("/healthz").status, 200, "{broken}");
        assert_eq!(
            ann.post("/api/logout/", &json!({})).status,
            503,
            "a sign-out that did not happen is not told as done"
        );
        assert!(start.elapsed() < Duration::from_secs(25), "{broken}: it took {:?}", start.elapsed());
        proxy.set(PASSES);
        wait_for(&mut ann, 200, Duration::from_secs(10));
    }
    proxy.set(DOWN);
}
