//! Misbehaving, slow and broken clients, file limits, and a graceful stop.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, getrlimit};

use crate::support::server::{Reader, Reply, Server};

/// The longest time limit for a client here (11 s), and some extra for a busy machine.
const PATIENCE: Duration = Duration::from_secs(16);

/// The size of a file that no socket buffer holds completely.
const LARGE: usize = 48 * 1024 * 1024;

/// Reads until the server closes or resets the connection, and fails if it does neither in time.
fn assert_closes(mut stream: TcpStream, what: &str) -> Vec<u8> {
    let started = Instant::now();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return read,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return read,
            Err(error) => panic!("{what}: still open after {:?}: {error}", started.elapsed()),
        }
        assert!(started.elapsed() < PATIENCE, "{what}: still open after {:?}", started.elapsed());
    }
}

/// L21: each kind of slow client is disconnected. They wait in parallel.
#[test]
fn l21_every_slow_client_is_disconnected() {
    let app = tempfile::tempdir().unwrap();
    fs::write(app.path().join("index.html"), "<!doctype html>").unwrap();
    fs::write(app.path().join("large.bin"), vec![b'x'; LARGE]).unwrap();
    let app = app.path().to_str().unwrap();
    let server = Server::dev_with(&[("CLOAKROOM_APP__DIR", app), ("CLOAKROOM_SERVER__IDLE", "11s")], &[]);
    let server = &server;
    thread::scope(|scope| {
        for case in [silent, half_a_head, idle_between_requests, slow_body, slow_reader] {
            scope.spawn(move || case(server));
        }
    });
    assert_eq!(server.get("/healthz").status, 200);
}

fn silent(server: &Server) {
    assert_eq!(assert_closes(server.connect(), "silent"), b"");
}

fn half_a_head(server: &Server) {
    let mut stream = server.connect();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {}\r\n", server.host()).unwrap();
    let drip = stream.try_clone().unwrap();
    // A byte now and then must not buy more time.
    let dripping = thread::spawn(move || {
        let mut drip = drip;
        for _ in 0..PATIENCE.as_secs() {
            if drip.write_all(b"X").is_err() {
                return;
            }
            thread::sleep(Duration::from_secs(1));
        }
    });
    assert_closes(stream, "half a head");
    dripping.join().unwrap();
}

fn idle_between_requests(server: &Server) {
    let mut stream = server.connect();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.host()).unwrap();
    let reply = Reply::parse(&assert_closes(stream, "idle between requests"));
    assert_eq!(reply.status, 200);
}

fn slow_body(server: &Server) {
    let mut stream = server.connect();
    let host = server.host();
    // Clients send the headers of the CSRF check before or after the body. In any case the connection must
    // end, and never with a 5xx.
    write!(
        stream,
        "POST /api/login/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    )
    .unwrap();
    let reply = Reply::parse(&assert_closes(stream, "slow body"));
    assert!((400..500).contains(&reply.status), "{reply:?}");
    reply.problem();
}

fn slow_reader(server: &Server) {
    let mut stream = server.connect();
    write!(stream, "GET /large.bin HTTP/1.1\r\nHost: {}\r\n\r\n", server.host()).unwrap();
    thread::sleep(PATIENCE);
    let read = assert_closes(stream, "slow reader");
    assert!(read.starts_with(b"HTTP/1.1 200"), "{:?}", Reply::parse(&read).status);
    assert!(read.len() < LARGE, "the whole reply had been sent");
}

/// L21: 2000 sockets that send nothing or half a head do not block anybody else.
#[test]
fn l21_two_thousand_idle_sockets_do_not_stop_a_request() {
    let server = Server::dev();
    let allowed = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files.try_into().unwrap());
    let count = allowed.saturating_sub(100).min(2000);
    let idle: Vec<TcpStream> = (0..count)
        .map(|index| {
            let mut stream = server.connect();
            if index % 2 == 0 {
                stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
            }
            stream
        })
        .collect();
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(server.get("/healthz").status, 200);
    }
    // A request that had to wait for an idle socket would wait for ten seconds.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?} for ten requests", started.elapsed());
    drop(idle);
}

/// L22: with more clients than file handles, the server neither dies nor stops accepting.
#[test]
fn l22_running_out_of_files_is_survived() {
    let mut server = Server::dev_with_file_limit(128);
    // The limit lets in what fits. The next clients wait in the kernel's queue, and once that is full, nobody
    // answers them.
    let patience = Duration::from_millis(20);
    let greedy: Vec<TcpStream> =
        (0..300).filter_map(|_| TcpStream::connect_timeout(&server.address(), patience).ok()).collect();
    assert!(greedy.len() > 100, "only {} connected", greedy.len());
    thread::sleep(Duration::from_millis(500));
    drop(greedy);
    assert_eq!(server.get("/healthz").status, 200);
    server.terminate();
    assert!(server.wait(Duration::from_secs(30)).success());
}

/// P02: oversized requests are refused, and the next client notices nothing.
#[test]
fn p02_oversized_requests_are_refused() {
    let server = Server::dev();
    let host = server.host();
    let head = format!(
        "POST /api/login/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/json\r\n"
    );

    let body = vec![b'x'; 2 * 1024 * 1024 + 1];
    let announced = format!("{head}Content-Length: {}\r\n\r\n", body.len());
    let reply = server.send(&[announced.as_bytes(), &body].concat());
    // 403 if the CSRF check refuses before the body is read. Then it must not have been read either.
    assert!(matches!(reply.status, 403 | 413), "{reply:?}");
    reply.problem();

    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..64 {
        chunked.extend_from_slice(b"8000\r\n");
        chunked.extend_from_slice(&body[..0x8000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let reply = server.send(&chunked);
    assert!(matches!(reply.status, 403 | 413), "{reply:?}");
    reply.problem();

    let many = "X-Header: 1\r\n".repeat(150);
    assert_eq!(
        server.send(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n{many}\r\n").as_bytes()).status,
        431
    );
    let long = "a".repeat(500_000);
    let reply =
        server.send(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Long: {long}\r\n\r\n").as_bytes());
    assert_eq!(reply.status, 431);
    let reply = server.get(&format!("/{}", "a".repeat(8192)));
    assert!(reply.status < 500 || reply.status == 503, "{}", reply.status);
    assert_eq!(server.get("/healthz").status, 200);
}

/// F06: requests that a proxy and we could parse differently are refused (RFC 9112, section 3.2).
#[test]
fn f06_ambiguous_requests_are_refused() {
    let server = Server::dev();
    let host = server.host();
    for request in [
        "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: user@{host}\r\nConnection: close\r\n\r\n"),
        format!("GET http://evil.test/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        format!("GET http://{host}@evil.test/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
    ] {
        let reply = server.send(request.as_bytes());
        assert_eq!(reply.status, 400, "{request}");
        assert_eq!(reply.problem(), "invalid_host");
    }
    let absolute = format!("GET http://{host}/healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(
        server.send(absolute.as_bytes()).status,
        200,
        "a server must accept the form that proxies are sent"
    );
    for framing in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length : 1\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X-Folded: a\r\n b\r\n",
        "X-Bare: a\rb\r\n",
        "X-Nul: a\0b\r\n",
    ] {
        let request = format!("POST /api/login/ HTTP/1.1\r\nHost: {host}\r\n{framing}\r\nx");
        assert_eq!(server.send(request.as_bytes()).status, 400, "{framing}");
    }
    let old =
        format!("POST /api/login/ HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(server.send(old.as_bytes()).status, 400, "HTTP/1.0 knows no chunks");
}

/// F06: whichever length a proxy believed, a body is never parsed as another request.
#[test]
fn f06_no_request_hides_in_the_body_of_another() {
    let server = Server::dev();
    let host = server.host();
    let hidden = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let length = format!("Content-Length: {}\r\n", hidden.len());
    let chunks = "Transfer-Encoding: chunked\r\n";
    for (framing, body) in [
        (format!("{length}{chunks}"), format!("0\r\n\r\n{hidden}")),
        (format!("{chunks}{length}"), format!("0\r\n\r\n{hidden}")),
        (format!("Content-Length: 5\r\n{chunks}"), format!("0\r\n\r\n{hidden}")),
        (format!("{length}Expect: 100-continue\r\n"), hidden.clone()),
        (format!("{length}Connection: close\r\n"), format!("{hidden}{hidden}")),
        (format!("{chunks}Connection: close\r\n"), format!("-1\r\n{hidden}")),
        (format!("{chunks}Connection: close\r\n"), format!("0\r\nTrailer: x\r\n\r\n{hidden}")),
    ] {
        let mut stream = server.connect();
        let head = format!("POST /api/login/ HTTP/1.1\r\nHost: {host}\r\n{framing}\r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let read = String::from_utf8(assert_closes(stream, &framing)).unwrap();
        assert!(read.starts_with("HTTP/1.1 4") || read.starts_with("HTTP/1.1 100"), "{framing}: {read}");
        assert!(!read.contains("200 OK"), "{framing}: {read}");
    }
}

/// L19: accepted requests are answered, new ones are not accepted, and the process ends by itself.
#[test]
fn l19_a_stop_finishes_what_runs() {
    let mut server = Server::dev();
    let mut idle = server.connect();
    write!(idle, "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.host()).unwrap();
    let mut reply = [0; 12];
    idle.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"HTTP/1.1 200");

    // In flight: the body is still being sent when the signal comes.
    let host = server.host();
    let mut running = server.connect();
    write!(
        running,
        "POST /api/login/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nX-CSRFToken: none\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{"
    )
    .unwrap();
    // Wait until it is in flight. The kernel accepted it on behalf of the server at once.
    thread::sleep(Duration::from_secs(1));
    server.terminate();
    let told = Instant::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(10), "still accepts");
        thread::sleep(Duration::from_millis(20));
    }
    let _ = running.write_all(b"}");
    let mut reply = Vec::new();
    let _ = running.read_to_end(&mut reply);
    let reply = Reply::parse(&reply);
    assert!((400..500).contains(&reply.status), "{reply:?}");

    assert!(server.wait(Duration::from_secs(15)).success());
}

/// L24: a log that is not read or cannot be written harms neither clients nor the stop.
#[test]
fn l24_a_stuck_or_closed_log_stops_nothing() {
    for reader in [Reader::Stalls, Reader::Leaves] {
        let mut server = Server::dev_read_by(reader);
        let mut stream = server.connect();
        // Each of these is logged with a long path: far more than a pipe holds.
        let host = server.host();
        let path = "a".repeat(200);
        for _ in 0..50 {
            let request = format!("GET /api/{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(20);
            stream.write_all(request.as_bytes()).unwrap();
            read_replies(&mut stream, 20);
        }
        assert_eq!(server.get("/healthz").status, 200, "{reader:?}");
        server.terminate();
        assert!(server.wait(Duration::from_secs(15)).success(), "{reader:?}");
    }
}

/// Reads this many 404 replies from a connection that stays open.
fn read_replies(stream: &mut TcpStream, count: usize) {
    let (mut read, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    let mut seen = 0;
    while seen < count {
        let length = stream.read(&mut chunk).expect("the server answers");
        assert!(length > 0, "closed after {seen} replies");
        read.extend_from_slice(&chunk[..length]);
        seen = read.windows(12).filter(|window| window == b"HTTP/1.1 404").count();
    }
}
