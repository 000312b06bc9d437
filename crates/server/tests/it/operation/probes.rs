//! Endpoints for supervisors and Prometheus.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

use crate::support::installation::Installation;
use crate::support::server::{Reply, Server, free_port};

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

/// X07: metrics have a listener of their own, and only if it is configured.
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
    // Both requests have one label, whichever the router gives to unknown paths.
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

#[test]
fn finding_s16_an_untrusted_proxy_is_reported_once() {
    let server = Server::dev();
    for _ in 0..3 {
        server.request("GET", "/api/session/", &[("X-Forwarded-For", "203.0.113.7")], b"");
    }
    let output = server.wait_for_output("trusted_proxies");
    assert_eq!(output.matches("X-Forwarded-For comes from a private address").count(), 1, "{output}");
}

#[test]
fn finding_s16_a_server_warns_of_doubtful_settings_at_its_start() {
    let installation = Installation::with_database("sqlite:cloakroom.db", "");
    let text = fs::read_to_string(installation.config()).unwrap();
    let text = text.replace("http://localhost:3000", "https://app.example.com");
    fs::write(installation.config(), text.replace("trusted_proxies = [\"127.0.0.2/32\"]", "")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.arg("serve").arg("-c").arg(installation.config()).args(["--listen", "127.0.0.1:0"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let told: Vec<String> = lines.take_while(|line| !line.contains("\"ready\"")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(told.iter().any(|line| line.contains("WARN") && line.contains("names no proxy")), "{told:?}");
}

fn ask(port: u16, path: &str) -> Reply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the metrics listener");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: metrics\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    Reply::parse(&reply)
}
