//! Back-ups of SQLite: made while the server writes, restored while it is stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::installation::{Installation, PASSWORD};

fn told(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn finding_r3_a_backup_during_writes_ends_and_has_every_confirmed_effect() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let node = installation.node();
    let is_done = AtomicBool::new(false);
    let copy = installation.path().join("copy.db").display().to_string();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                assert_eq!(node.browser().login("ann@example.test", PASSWORD).status, 200);
            }
        });
        let start = Instant::now();
        let output = installation.command(&["backup", &copy], "");
        is_done.store(true, Ordering::SeqCst);
        assert!(output.status.success(), "{}", told(&output));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    });
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let again = installation.command(&["backup", &copy], "");
    assert!(!again.status.success() && told(&again).contains("exists already"), "{}", told(&again));
    let restored = Installation::with_database("sqlite:copy.db", "");
    fs::copy(&copy, restored.path().join("copy.db")).unwrap();
    assert!(told(&restored.command(&["user", "list"], "")).contains("ann@example.test"));
    assert!(!installation.path().join("copy.db.part").exists());
}

#[test]
fn finding_r16_a_restore_ends_all_sessions_unless_told_otherwise() {
    for (arguments, status) in [(&[][..], 401), (&["--keep-sessions"], 200)] {
        let installation = Installation::with_database("sqlite:cloakroom.db", "");
        installation.add("ann@example.test");
        let node = installation.node();
        let mut ann = node.browser();
        assert_eq!(ann.login("ann@example.test", PASSWORD).status, 200);
        let signed_in = ann.clone();
        let copy = installation.path().join("copy.db").display().to_string();
        assert!(installation.command(&["backup", &copy], "").status.success());
        assert_eq!(ann.post("/api/logout/", &json!({})).status, 200);
        installation.add("bob@example.test");

        let line = [&["restore", &copy], arguments].concat();
        let running = installation.command(&line, "");
        assert!(
            !running.status.success() && told(&running).contains("another cloakroom serves"),
            "{}",
            told(&running)
        );
        drop(node);
        let output = installation.command(&line, "");
        assert!(output.status.success(), "{}", told(&output));
        let accounts = told(&installation.command(&["user", "list"], ""));
        assert!(accounts.contains("ann@") && !accounts.contains("bob@"), "{accounts}");
        let node = installation.node();
        assert_eq!(signed_in.moved_to(node.address()).profile(), status, "{arguments:?}");
        // A second restore keeps what the first one replaced.
        drop(node);
        let first = fs::read(installation.path().join("cloakroom.db.replaced")).unwrap();
        assert!(installation.command(&line, "").status.success());
        assert_eq!(fs::read(installation.path().join("cloakroom.db.replaced")).unwrap(), first);
        assert!(installation.path().join("cloakroom.db.replaced-2").exists());
        // The previous database is kept complete.
        let before = Installation::with_database("sqlite:before.db", "");
        fs::copy(installation.path().join("cloakroom.db.replaced"), before.path().join("before.db")).unwrap();
        let wal = installation.path().join("cloakroom.db.replaced-wal");
        if wal.exists() {
            fs::copy(wal, before.path().join("before.db-wal")).unwrap();
        }
        assert!(told(&before.command(&["user", "list"], "")).contains("bob@"));
    }
}

#[test]
fn finding_r16_a_file_that_is_no_backup_is_not_restored() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    installation.add("ann@example.test");
    let file = installation.path().join("other");
    for (text, expected) in [
        (None, "there is no file"),
        (Some("not a database at all"), "cannot be copied"),
        (Some(""), "is no database of Cloakroom"),
    ] {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let output = installation.command(&["restore", &file.display().to_string()], "");
        assert!(
            !output.status.success() && told(&output).contains(expected),
            "{expected}: {}",
            told(&output)
        );
        assert!(told(&installation.command(&["user", "list"], "")).contains("ann@"));
        assert!(!installation.path().join("cloakroom.db.restoring").exists());
    }
    let postgres = Installation::with_database("postgres://app:x@127.0.0.1:1/app", "");
    for command in ["backup", "restore"] {
        let output = postgres.command(&[command, "x"], "");
        assert!(told(&output).contains("has its own tool: pg_"), "{}", told(&output));
    }
}

#[test]
fn finding_r16_all_sessions_can_be_ended_after_a_restore_of_postgres() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let node = installation.node();
    let mut ann = node.browser();
    assert_eq!(ann.login("ann@example.test", PASSWORD).status, 200);
    assert_eq!(ann.profile(), 200);
    let output = installation.command(&["session", "end", "--all"], "");
    assert!(told(&output).contains("1 sessions have ended"), "{}", told(&output));
    let start = Instant::now();
    while ann.profile() != 401 {
        assert!(start.elapsed() < Duration::from_secs(3));
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(installation.command(&["session", "end"], "").status.code(), Some(2));
}
