//! What supervisors and Prometheus ask.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::server::{Reply, Server, free_port};

#[test]
fn health_and_readiness_answer() {
    let server = Server::dev();
    for path in ["/healthz", "/readyz"] {
        let reply = server.get(path);
        assert_eq!((reply.status, reply.json()), (200, serde_json::json!({"status": "ok"})), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(server.request("HEAD", path, &[], b"").status, 200);
    }
}

/// X07: metrics are on their own listener, and only when asked for.
#[test]
fn x07_metrics_have_a_listener_of_their_own() {
    let port = free_port();
    let top = format!("public_url = \"http://localhost:3000\"\nmetrics_listen = \"127.0.0.1:{port}\"");
    let server = Server::serve(&top, "");
    assert!(!server.get("/metrics").text().contains("cloakroom_http"));
    server.get("/healthz");
    server.get("/api/missing/first");
    server.get("/api/missing/second");

    let metrics = ask(port, "/metrics");
    assert_eq!(metrics.status, 200);
    let text = metrics.text();
    // Both under one label, whichever the router gives to what it does not know.
    let counted = text.lines().any(|line| {
        line.starts_with("cloakroom_http_requests_total{method=\"GET\",route=")
            && line.ends_with("status=\"404\"} 2")
    });
    assert!(counted, "{text}");
    assert!(
        text.contains("cloakroom_http_request_seconds_bucket{route=\"/healthz\",le=\"0.005\"} 1"),
        "{text}"
    );
    assert!(text.contains("cloakroom_log_lines_dropped_total 0"), "{text}");
    assert!(!text.contains("first"), "a path became a label:\n{text}");
    assert_eq!(ask(port, "/").problem(), "not_found");
}

fn ask(port: u16, path: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the metrics listener");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: metrics\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    Reply::parse(&reply)
}
