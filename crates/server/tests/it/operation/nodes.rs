//! Several processes on one database: each learns within a second what another one did.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::installation::{Installation, Node, PASSWORD};

/// The time within which another node must refuse a session that has ended. Cloakroom promises one second; a
/// machine that runs other tests as well gets three. A node that has missed the revocation trusts its cache
/// for five.
const REVOCATION_DEADLINE: Duration = Duration::from_secs(3);

fn is_postgres() -> bool {
    std::env::var_os("CLOAKROOM_TEST_POSTGRES").is_some()
}

/// Two nodes on Postgres. SQLite supports one server, so there it is the same node twice.
fn nodes(installation: &Installation) -> (Node, Option<Node>) {
    let first = installation.node();
    let second = is_postgres().then(|| installation.node());
    (first, second)
}

fn assert_ends_soon(browser: &mut Browser, what: &str) {
    let start = Instant::now();
    while browser.profile() != 401 {
        assert!(start.elapsed() < REVOCATION_DEADLINE, "{what} was not heard within {REVOCATION_DEADLINE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn signed_in(node: &Node, email: &str) -> Browser {
    let mut browser = node.browser();
    let reply = browser.login(email, PASSWORD);
    assert_eq!(reply.status, 200, "{}", reply.text());
    browser
}

/// L15, S15: sign in on one node, use the other one, sign out on the first, and be refused on the other.
#[test]
fn l15_a_session_of_one_node_works_and_ends_on_the_other() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let (first, second) = nodes(&installation);
    let second = second.as_ref().unwrap_or(&first);
    let mut here = signed_in(&first, "ann@example.test");
    let mut there = here.moved_to(second.address());
    // Read often enough to be in the other node's cache.
    for _ in 0..3 {
        assert_eq!(there.profile(), 200);
    }
    assert_eq!(here.post("/api/logout/", &json!({})).status, 200);
    assert_ends_soon(&mut there, "a sign-out");
}

#[test]
fn signing_out_everywhere_reaches_every_node() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let (first, second) = nodes(&installation);
    let mut there = signed_in(second.as_ref().unwrap_or(&first), "ann@example.test");
    let mut here = signed_in(&first, "ann@example.test");
    assert_eq!(there.profile(), 200);
    assert_eq!(here.post("/api/logout/all/", &json!({})).status, 200);
    assert_ends_soon(&mut there, "a sign-out everywhere");
}

/// S08, S15: the command line is another process.
#[test]
fn s08_the_command_line_is_heard_by_every_node() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    let (first, second) = nodes(&installation);
    let second = second.as_ref().unwrap_or(&first);
    for arguments in [
        &["user", "deactivate", "ann@example.test"][..],
        &["user", "activate", "ann@example.test"],
        &["user", "promote", "ann@example.test"],
        &["user", "set-password", "ann@example.test", "--password-stdin"],
        &["user", "delete", "ann@example.test"],
    ] {
        let mut people = Vec::new();
        if arguments[1] != "activate" {
            people = vec![signed_in(&first, "ann@example.test"), signed_in(second, "ann@example.test")];
            assert!(people.iter_mut().all(|browser| browser.profile() == 200));
        }
        let output = installation.command(arguments, PASSWORD);
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
        for browser in &mut people {
            assert_ends_soon(browser, arguments[1]);
        }
    }
}

/// M03: a demotion takes effect without a new sign-in.
#[test]
fn m03_a_demotion_shows_in_the_same_session() {
    let installation = Installation::new("");
    installation.add("ann@example.test");
    installation.command(&["user", "promote", "ann@example.test"], "");
    let node = installation.node();
    let mut ann = signed_in(&node, "ann@example.test");
    assert_eq!(ann.get("/api/users/profile/").json()["is_staff"], true);
    installation.command(&["user", "demote", "ann@example.test"], "");
    let start = Instant::now();
    while ann.get("/api/users/profile/").json()["is_staff"] == true {
        assert!(start.elapsed() < REVOCATION_DEADLINE);
        thread::sleep(Duration::from_millis(20));
    }
}

/// B14: counts survive a restart and are shared.
#[test]
fn b14_the_limits_count_over_nodes_and_restarts() {
    let installation = Installation::new("[limits]\nlogin_per_account = \"4/15m\"");
    installation.add("ann@example.test");
    let (first, second) = nodes(&installation);
    for node in [&first, second.as_ref().unwrap_or(&first)] {
        for _ in 0..2 {
            assert_eq!(node.browser().login("ann@example.test", "wrong").status, 400);
        }
    }
    drop((first, second));
    let restarted = installation.node();
    let reply = restarted.browser().login("ann@example.test", PASSWORD);
    assert_eq!((reply.status, reply.problem().as_str()), (429, "rate_limited"));
}

/// L16: both start, and one of them migrates the schema.
#[test]
fn l16_nodes_that_start_at_once_on_an_empty_database_both_serve() {
    if !is_postgres() {
        return;
    }
    let installation = Installation::new("");
    let nodes: Vec<Node> = thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| installation.node())).collect();
        starts.into_iter().map(|start| start.join().expect("a node starts")).collect()
    });
    for node in &nodes {
        assert_eq!(node.browser().get("/readyz").status, 200);
    }
}
