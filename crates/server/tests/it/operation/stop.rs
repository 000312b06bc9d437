//! Shutdown and reload: signals, and requests that hang meanwhile.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::breakable_proxy::{BreakableProxy, HANGS};
use crate::support::installation::{Installation, PASSWORD};
use crate::support::server::Server;

/// R2: Postgres is silent and a request waits for it. The process still ends in time.
#[test]
fn finding_r2_a_stop_ends_in_time_while_storage_hangs() {
    let Ok(postgres) = std::env::var("CLOAKROOM_TEST_POSTGRES") else { return };
    let (_, rest) = postgres.split_once('@').unwrap();
    let target: SocketAddr = rest.split('/').next().unwrap().parse().unwrap();
    let proxy = BreakableProxy::to(target);
    let installation = Installation::new("[server]\nstop = \"3s\"");
    installation.add("ann@example.test");
    let text = fs::read_to_string(installation.config()).unwrap();
    fs::write(installation.config(), text.replace(&target.to_string(), &proxy.address.to_string())).unwrap();
    let mut node = installation.node();
    assert_eq!(node.browser().login("ann@example.test", PASSWORD).status, 200);
    proxy.set(HANGS);
    let mut browser = node.browser();
    let waiting = thread::spawn(move || browser.login("ann@example.test", PASSWORD).status);
    thread::sleep(Duration::from_millis(300));
    let told = Instant::now();
    kill_process(Pid::from_raw(i32::try_from(node.process()).unwrap()).unwrap(), Signal::TERM).unwrap();
    let status = node.wait(Duration::from_secs(10));
    assert!(status.success(), "{status}");
    assert!(told.elapsed() < Duration::from_secs(4), "{:?}", told.elapsed());
    let _ = waiting.join();
}

/// R2: a client that never sends its body delays a stop no longer than the limit.
#[test]
fn finding_r2_a_stop_ends_in_time_while_a_client_hangs() {
    let mut server = Server::dev_with(&[("CLOAKROOM_SERVER__STOP", "2s")], &[]);
    let host = server.host();
    let mut slow = server.connect();
    write!(
        slow,
        "POST /api/login/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
    )
    .unwrap();
    thread::sleep(Duration::from_millis(200));
    let told = Instant::now();
    server.terminate();
    assert!(server.wait(Duration::from_secs(10)).success());
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
}

/// R16: a stop is not a fault, so it causes no warning.
#[test]
fn finding_r16_a_stop_warns_of_nothing() {
    let mut server = Server::serve("public_url = \"http://localhost:3000\"", "");
    assert_eq!(server.get("/readyz").status, 200);
    server.terminate();
    assert!(server.wait(Duration::from_secs(15)).success());
    let output = server.wait_for_output("stopping");
    thread::sleep(Duration::from_millis(100));
    assert!(!output.contains("WARN") && !output.contains("ERROR"), "{output}");
}

#[test]
fn finding_r16_a_hangup_reads_the_configuration_again() {
    let app = tempfile::tempdir().unwrap();
    fs::write(app.path().join("index.html"), "<title>one</title>").unwrap();
    let mut server = Server::serve(
        "public_url = \"http://localhost:3000\"",
        &format!("dir = \"{}\"", app.path().display()),
    );
    let name = |server: &Server| server.get("/api/config/").json()["app"]["name"].as_str().map(str::to_owned);
    assert_eq!(name(&server).as_deref(), Some("Acme"));
    let text = fs::read_to_string(server.config()).unwrap();

    // Another name, build and port. The port needs a restart, and the log says so.
    fs::write(app.path().join("index.html"), "<title>two</title>").unwrap();
    let edited = text.replace("name = \"Acme\"", "name = \"Zenith\"").replace("127.0.0.1:0", "127.0.0.1:1");
    fs::write(server.config(), &edited).unwrap();
    let mut open = server.connect();
    server.hang_up();
    let output = server.wait_for_output("configuration reloaded");
    assert!(output.contains("app.name") && output.contains("restart it"), "{output}");
    assert_eq!(name(&server).as_deref(), Some("Zenith"));
    assert!(server.get("/").text().contains("two"));
    // A connection from before the reload gets the new configuration.
    let host = server.host();
    write!(open, "GET /api/config/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut read = String::new();
    let _ = std::io::Read::read_to_string(&mut open, &mut read);
    assert!(read.contains("Zenith"), "{read}");

    // Errors are reported, and the previous configuration stays.
    fs::write(server.config(), edited.replace("Zenith", "")).unwrap();
    server.hang_up();
    let output = server.wait_for_output("configuration not reloaded");
    assert!(output.contains("app.name"), "{output}");
    assert_eq!(name(&server).as_deref(), Some("Zenith"));
    server.terminate();
    assert!(server.wait(Duration::from_secs(15)).success());
}
