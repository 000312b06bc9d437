//! Headers of every reply, and text that no log line may contain.

use crate::support::server::Server;

const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// One request for each kind of reply: page, API, health, and every error at this level.
const REQUESTS: [(&str, &str); 8] = [
    ("GET", "/"),
    ("GET", "/login"),
    ("GET", "/api/session/"),
    ("GET", "/healthz"),
    ("GET", "/missing.js"),
    ("GET", "/api/missing/"),
    ("DELETE", "/login"),
    ("DELETE", "/healthz"),
];

/// P05, X01: pages, data and errors have security headers and do not name the software.
#[test]
fn x01_p05_every_reply_carries_the_security_headers() {
    let server = Server::dev();
    for (method, path) in REQUESTS {
        let reply = server.request(method, path, &[], b"");
        let place = format!("{method} {path}: {}", reply.status);
        assert_eq!(reply.header("content-security-policy"), Some(POLICY), "{place}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{place}");
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"), "{place}");
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{place}");
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{place}");
        assert_eq!(reply.header("server"), None, "{place}");
        assert_eq!(reply.header("x-powered-by"), None, "{place}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{place}");
        // X02: over http it would have no effect, and on localhost it would break other projects.
        assert_eq!(reply.header("strict-transport-security"), None, "{place}");
    }
}

/// P05: errors have one format and reveal no causes.
#[test]
fn p05_every_error_is_a_problem() {
    let server = Server::dev();
    for (method, path, status) in [
        ("GET", "/missing.js", 404),
        ("GET", "/api/missing/", 404),
        ("POST", "/login", 405),
        ("POST", "/healthz", 405),
        ("GET", "/api/login/", 405),
    ] {
        let reply = server.request(method, path, &[], b"");
        assert_eq!(reply.status, status, "{method} {path}");
        reply.problem();
        assert_eq!(reply.header("allow").is_some(), status == 405, "{method} {path}");
    }
}

/// X02: a server whose public address is https sends HSTS.
#[test]
fn x02_https_is_insisted_on_when_it_is_the_public_address() {
    let server = Server::serve("public_url = \"https://auth.test\"", "");
    for path in ["/healthz", "/", "/api/missing/"] {
        let reply = server.get(path);
        assert_eq!(
            reply.header("strict-transport-security"),
            Some("max-age=63072000; includeSubDomains"),
            "{path}: {}",
            reply.status
        );
    }
}

#[test]
fn every_reply_has_an_id_of_our_own() {
    let server = Server::dev();
    let ids: Vec<String> = (0..3)
        .map(|_| {
            let reply = server.request("GET", "/api/missing/", &[("X-Request-Id", "mine")], b"");
            reply.header("x-request-id").expect("an id").to_owned()
        })
        .collect();
    for id in &ids {
        assert_eq!(id.len(), 32, "{id}");
        assert!(id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    }
    // More refusals with the same status in the same second are counted in one line.
    server.wait_for_output(&ids[0]);
    assert_ne!(ids[0], ids[1]);
}

/// X05: codes and states in a query are never logged.
#[test]
fn x05_logs_hold_one_record_per_request_and_no_query() {
    let server = Server::serve("public_url = \"http://localhost:3000\"", "");
    let reply = server.request(
        "GET",
        "/api/missing/?code=canary-code&state=canary-state",
        &[("User-Agent", "\x1b[31mred\t{\"level\":\"ERROR\"}"), ("X-Forwarded-For", "1.2.3.4\t\x1b]0;title")],
        b"",
    );
    // Strict parsers refuse an escape character in a header. In either case it must not reach the log.
    if let Some(id) = reply.header("x-request-id") {
        server.wait_for_output(id);
    }
    server.request("GET", "/api/missing/%0d%0aforged?token=canary-token", &[], b"");
    let last = server.request("POST", "/healthz", &[], b"");
    let output = server.wait_for_output(last.header("x-request-id").expect("an id"));
    assert!(!output.contains("canary"), "{output}");
    for line in output.lines() {
        let record: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(record["level"].is_string() && record["timestamp"].is_string(), "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}
