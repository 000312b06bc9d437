//! The inbox of `dev`, which `serve` does not have.

use serde_json::json;

use super::{installation, sign_up, wait_for};
use crate::support::browser::Browser;
use crate::support::installation::text;
use crate::support::server::Server;
use crate::support::smtp_sink::SmtpSink;

#[test]
fn dev_has_an_inbox_for_people_and_programs() {
    let server = Server::dev();
    assert_eq!(server.get("/api/dev/mail/").json(), json!([]));
    assert!(
        server.get("/dev/mail").text().contains("No mail yet. Sign up, and the confirmation appears here.")
    );
    let browser = || Browser::at(server.address(), &format!("http://{}", server.host()));
    sign_up(browser(), "first@example.test");
    wait_for("the first mail", || (server.get("/api/dev/mail/").json().as_array()?.len() == 1).then_some(()));
    sign_up(browser(), "second@example.test");
    let mails = wait_for("the second mail", || {
        let mails = server.get("/api/dev/mail/").json();
        (mails.as_array()?.len() == 2).then_some(mails)
    });
    assert_eq!(
        (&mails[0]["to"], &mails[1]["to"]),
        (&json!("second@example.test"), &json!("first@example.test")),
        "newest first"
    );
    let fields: Vec<&String> = mails[0].as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 6, "{fields:?}");
    for field in ["id", "to", "subject", "text", "html", "created_at"] {
        assert!(mails[0][field].is_string(), "{field}: {}", mails[0]);
    }
    assert!(
        mails[0]["text"].as_str().unwrap().contains(&format!("http://{}/verify-email#token=", server.host()))
    );
    let known = server.get("/api/dev/mail").header("etag").expect("a tag").to_owned();
    let again = server.request("GET", "/api/dev/mail/", &[("If-None-Match", &known)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn the_html_of_a_mail_can_be_shown_and_do_nothing_else() {
    let server = Server::dev();
    sign_up(Browser::at(server.address(), &format!("http://{}", server.host())), "ada.l@example.test");
    let mail = wait_for("the mail", || {
        let mails = server.get("/api/dev/mail/").json();
        mails.get(0).cloned()
    });
    let html = server.get(&format!("/dev/mail/{}/html", mail["id"].as_str().unwrap()));
    assert_eq!(html.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = html.header("content-security-policy").unwrap();
    for part in
        ["default-src 'none'", "style-src 'unsafe-inline'", "sandbox allow-popups", "frame-ancestors 'self'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(
        !policy.contains("script-src")
            && !policy.contains("allow-scripts")
            && !policy.contains("allow-same-origin")
    );
    assert!(html.text().contains("<base target=\"_blank\">"), "links open beside the inbox");
    assert_eq!(server.get("/dev/mail/nothing/html").status, 404);
    for (path, content_type) in [
        ("/dev/mail", "text/html; charset=utf-8"),
        ("/dev/mail/", "text/html; charset=utf-8"),
        ("/dev/mail/style.css", "text/css; charset=utf-8"),
        ("/dev/mail/script.js", "text/javascript; charset=utf-8"),
        ("/dev/mail/icon.svg", "image/svg+xml"),
    ] {
        let reply = server.get(path);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'self'") && !policy.contains("unsafe-inline"),
            "{path}: {policy}"
        );
        assert!(!reply.text().contains(" style=") && !reply.text().contains("onclick"), "{path}");
    }
    assert_eq!(server.request("POST", "/dev/mail/style.css", &[], b"").status, 405);
}

#[test]
fn dev_sends_to_the_server_that_the_environment_names() {
    let sink = SmtpSink::start(&json!({}));
    let url = format!("smtp://ada:hidden-word@127.0.0.1:{}", sink.port());
    let plain = url.replace("ada:hidden-word@", "");
    let server = Server::dev_with(&[("CLOAKROOM_MAIL__URL", &plain)], &[]);
    sign_up(Browser::at(server.address(), &format!("http://{}", server.host())), "ada.l@example.test");
    assert_eq!(sink.wait_for_mails(1)[0].to, ["ada.l@example.test"]);
    assert_eq!(server.get("/api/dev/mail/").json(), json!([]));
    assert!(server.get("/dev/mail").text().contains(&plain), "the inbox says where they are");
    let server = Server::dev_with(&[("CLOAKROOM_MAIL__URL", &url)], &[]);
    let page = server.get("/dev/mail").text();
    assert!(page.contains("127.0.0.1") && !page.contains("hidden-word"), "{page}");
}

#[test]
fn serve_has_no_inbox_and_keeps_no_mail() {
    let server = Server::serve("public_url = \"http://localhost:3000\"", "");
    for path in [
        "/dev/mail",
        "/dev/mail/",
        "/dev/mail/style.css",
        "/dev/mail/x/html",
        "/dev/",
        "/dev",
        "/api/dev/mail/",
        "/api/dev/mail",
        "/api/dev/",
    ] {
        let reply = server.request("GET", path, &[("Accept", "text/html")], b"");
        assert_eq!(reply.status, 404, "{path}");
    }
    let installation = installation("mailbox:");
    let output = installation.command(&["check"], "");
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(complaint.contains("cloakroom.toml:6:1: `mail.url`: must begin with smtp://"), "{complaint}");
}
