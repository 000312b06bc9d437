//! Host names that a development server answers to.

use crate::support::browser::Browser;
use crate::support::server::{Server, free_port};

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

/// Cookies ignore the port, so a second server on this machine is opened under a name of its own.
#[test]
fn finding_v12_a_development_server_may_be_opened_as_name_localhost() {
    let server = Server::dev();
    let port = server.port();
    let origin = format!("http://blue.localhost:{port}");
    let mut ada = Browser::at(server.address(), &origin);
    assert_eq!(ada.login("ada@example.test", "correct-horse-battery").status, 200);
    assert_eq!(ada.profile(), 200);
    // Links in mails and from providers lead back to the same name.
    assert_eq!(
        ada.post("/api/password/reset/", &serde_json::json!({"email": "ada@example.test"})).status,
        202
    );
    server.wait_for_output("blue.localhost");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let mail = loop {
        let mails = ada.get("/api/dev/mail/").text();
        if mails.contains("reset-password") {
            break mails;
        }
        assert!(std::time::Instant::now() < deadline, "no mail");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert!(mail.contains(&format!("{origin}/reset-password#")), "{mail}");
    // A page opened at the plain name is redirected there. Programs are answered as before.
    let page = |host: &str, site: &str| {
        let request = format!(
            "GET /login HTTP/1.1\r\nHost: {host}:{port}\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: {site}\r\nConnection: close\r\n\r\n"
        );
        server.send(request.as_bytes())
    };
    let reply = page("localhost", "none");
    assert_eq!((reply.status, reply.header("location")), (307, Some(format!("{origin}/login").as_str())));
    assert_eq!(server.get("/healthz").status, 200);
    // A page of another site triggers no redirect.
    assert_eq!(page("green.localhost", "cross-site").status, 421);
    assert_eq!(ada.profile(), 200);
}

#[test]
fn finding_v12_a_public_url_with_a_name_is_answered_and_shown() {
    let port = free_port();
    let url = format!("http://green.localhost:{port}");
    let listen = format!("127.0.0.1:{port}");
    let server = Server::dev_with(&[("CLOAKROOM_PUBLIC_URL", &url), ("CLOAKROOM_LISTEN", &listen)], &[]);
    let output = server.wait_for_output("/dev/mail");
    assert!(
        output.contains(&url) && output.contains(&format!("http://localhost:{}", server.port())),
        "{output}"
    );
}

#[test]
fn finding_v12_cookies_of_another_server_are_noticed_once() {
    let server = Server::dev();
    server.request("GET", "/api/session/", &[("Cookie", "csrftoken=of-another-server; sessionid=x")], b"");
    let output = server.wait_for_output("cookies know no port");
    assert!(output.contains(&format!(".localhost:{}", server.port())), "{output}");
    server.request("GET", "/api/session/", &[("Cookie", "csrftoken=of-another-server")], b"");
    server.get("/api/missing/");
    assert_eq!(server.output().matches("cookies know no port").count(), 1);
}
