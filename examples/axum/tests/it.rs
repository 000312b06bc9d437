//! Starts the example as a developer does, and opens what it serves.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// The running example, which ends with the test.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the status and the body.
fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn the_example_has_its_own_home_beside_our_pages_and_tools() {
    let directory = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloakroom-example-axum"))
        .current_dir(&directory)
        .env("CLOAKROOM_LISTEN", format!("127.0.0.1:{port}"))
        .env("CLOAKROOM_PUBLIC_URL", format!("http://localhost:{port}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let _example = Example(child);
    assert_eq!(ready, format!("Open http://localhost:{port}\n"));

    assert!(get(port, "/").1.contains("Hello guest"));
    assert_eq!(get(port, "/reports").0, 404, "every other path is the app's");
    // Without `make web` a page says that it was not built.
    let (status, page) = get(port, "/login");
    assert!((status == 200 && page.contains("cloakroom-home")) || status == 503, "{status}: {page}");
    assert!(get(port, "/api/config/").1.contains("\"github\""), "the stand-ins are offered");
    assert_eq!(get(port, "/api/dev/mail/"), (200, "[]".to_owned()));
    assert!(get(port, "/dev").1.contains("ada@example.test"));
    assert_eq!(get(port, "/dev/idp/google/certs").0, 200);
}
