//! T01: a mailed link leads to `public_url`, whatever host a request names.

use std::fs;

use serde_json::json;

use crate::support::installation::{Installation, ORIGIN, PASSWORD};
use crate::support::smtp_sink::SmtpSink;

const NO_LIMITS: &str = "[limits]\nmail_per_address = \"0/1m\"\nmail_per_ip = \"0/1m\"";

#[test]
fn t01_no_header_and_no_target_changes_a_mailed_link() {
    let sink = SmtpSink::start(&json!({}));
    // The peer is a trusted proxy. Of the headers that it forwards, only the client address is believed.
    let installation = Installation::new(NO_LIMITS);
    let text = fs::read_to_string(installation.config()).unwrap();
    let text = text.replace("smtp://127.0.0.1:1\"", &format!("smtp://127.0.0.1:{}\"", sink.port()));
    fs::write(installation.config(), text.replace("127.0.0.2/32", "127.0.0.1/32")).unwrap();
    installation.add("ada@example.test");
    let node = installation.node();
    let mut browser = node.browser();
    browser.get("/api/login-set-cookie/");
    let host = browser.host();
    let ours = |headers: &str| format!("{host}{headers}");
    let tricks = [
        ("", ours("X-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n")),
        ("", ours("X-Forwarded-Prefix: /evil\r\nX-Forwarded-Server: evil.test\r\n")),
        ("", ours("Forwarded: for=1.2.3.4;host=evil.test;proto=https\r\n")),
        (
            "",
            ours(
                "X-Original-Host: evil.test\r\nX-Original-URL: http://evil.test/\r\nX-Rewrite-URL: /evil\r\n",
            ),
        ),
        ("", ours("X-Host: evil.test\r\nX-HTTP-Host-Override: evil.test\r\nTrue-Client-IP: evil.test\r\n")),
        ("", "Host: evil.test\r\n".to_owned()),
        ("", format!("{host}Host: evil.test\r\n")),
        ("", format!("Host: evil.test\r\n{host}")),
        ("", String::new()),
        ("http://evil.test", host.clone()),
        ("http://evil.test", "Host: evil.test\r\n".to_owned()),
        ("http://localhost:3000@evil.test", host.clone()),
    ];
    let mut sent = 0;
    for (target, headers) in &tricks {
        for (path, body) in [
            ("/api/signup/", json!({"email": "eve@example.test", "password": PASSWORD})),
            ("/api/password/reset/", json!({"email": "ada@example.test"})),
        ] {
            let reply = browser.send("POST", &format!("{target}{path}"), headers, &body.to_string());
            assert!(matches!(reply.status, 202 | 400 | 403 | 421), "{target} {headers}: {}", reply.text());
            if reply.status == 202 {
                // One after the other, because a newer reset would void the previous one.
                sent += 1;
                sink.wait_for_mails(sent);
            }
        }
    }
    assert!(sent >= 10, "most are served: {sent}");
    // The invented host is not remembered either.
    assert_eq!(browser.post("/api/password/reset/", &json!({"email": "ada@example.test"})).status, 202);
    for mail in sink.wait_for_mails(sent + 1) {
        let pages = ["verify-email", "reset-password"].map(|page| format!("{ORIGIN}/{page}#token="));
        for part in ["text/plain", "text/html"] {
            let part = mail.part(part);
            assert!(pages.iter().any(|page| part.contains(page)), "{part}");
            assert!(!part.contains("evil") && !part.contains("8443"), "{part}");
        }
    }
}
