//! The names a development server answers to.

use crate::server::Server;

#[test]
fn a_development_server_answers_to_its_own_names_only() {
    let server = Server::dev();
    let port = server.port();
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(server.send(request.as_bytes()).status, 200, "{host}");
    }
    for host in [format!("evil.test:{port}"), "localhost".to_owned(), "localhost:1".to_owned()] {
        let request = format!("GET /api/session/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let reply = server.send(request.as_bytes());
        assert_eq!((reply.status, reply.problem().as_str()), (421, "misdirected_request"), "{host}");
        // P05: a refusal is a reply like any other.
        assert!(reply.header("content-security-policy").is_some(), "{host}");
        assert!(reply.header("x-request-id").is_some(), "{host}");
    }
}

#[test]
fn a_page_opened_by_address_moves_to_localhost() {
    let server = Server::dev();
    let port = server.port();
    let visit = |method: &str, mode: &str| {
        let request = format!(
            "{method} /login?next=%2Faccount HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nSec-Fetch-Mode: {mode}\r\n\
             Connection: close\r\n\r\n"
        );
        server.send(request.as_bytes())
    };
    let reply = visit("GET", "navigate");
    let expected = format!("http://localhost:{port}/login?next=%2Faccount");
    assert_eq!((reply.status, reply.header("location")), (307, Some(expected.as_str())));
    assert_ne!(visit("GET", "cors").status, 307);
    assert_ne!(visit("POST", "navigate").status, 307);
}
