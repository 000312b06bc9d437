//! Output of `cloakroom dev` for newcomers: the ready lines, and the development page.

use std::net::TcpListener;
use std::process::Command;

use crate::support::installation::run;
use crate::support::server::Server;

const HTML: (&str, &str) = ("Accept", "text/html");

#[test]
fn finding_u6_the_ready_lines_show_the_password_and_where_to_go() {
    let server = Server::dev();
    let output = server.wait_for_output("/dev\n");
    let origin = format!("http://localhost:{}", server.port());
    for told in [
        format!("Cloakroom is ready: {origin}\n"),
        "Sign in as ada@example.test, password correct-horse-battery\n".to_owned(),
        format!("{origin}/dev/mail\n"),
    ] {
        assert!(output.contains(&told), "{told}: {output}");
    }
}

#[test]
fn finding_u6_with_a_public_url_both_addresses_are_shown() {
    let server = Server::dev_with(&[("CLOAKROOM_PUBLIC_URL", "http://localhost:5173")], &[]);
    let output = server.wait_for_output("/dev\n");
    assert!(output.contains(&format!("it listens at http://localhost:{}\n", server.port())), "{output}");
    assert!(output.contains("Open it at http://localhost:5173, as public_url says"), "{output}");
}

#[test]
fn finding_u6_a_port_that_is_taken_says_how_to_choose_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command.args(["dev", "--listen", &address.to_string(), "--data-dir"]).arg(directory.path());
    let output = run(command, "");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("another program listens on") && told.contains("`cloakroom dev --listen 127.0.0.1:"),
        "{told}"
    );
    assert!(told.contains("make run"), "{told}");
}

#[test]
fn finding_u6_the_development_page_has_mail_people_and_fake_providers() {
    let server = Server::dev();
    for path in ["/dev", "/dev/"] {
        let reply = server.request("GET", path, &[HTML], b"");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let page = reply.text();
        for part in [
            "/dev/mail",
            "ada@example.test",
            "alan@example.test",
            "correct-horse-battery",
            "github",
            "facebook",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
    assert_eq!(server.get("/dev/style.css").status, 200);
    let page = server.request("GET", "/login", &[HTML, ("Accept-Encoding", "br, gzip")], b"");
    if page.status == 200 {
        assert!(page.text().contains("href=\"/dev\""), "the pages lead to it: {page:?}");
        assert_eq!(server.get("/dev/link.css").status, 200);
    }
    let production = Server::serve("public_url = \"http://localhost:3000\"", "");
    assert_eq!(production.request("GET", "/dev", &[HTML], b"").status, 404);
    assert!(!production.request("GET", "/login", &[HTML], b"").text().contains("href=\"/dev\""));
}

#[test]
fn finding_u11_the_icon_that_browsers_request_by_themselves_is_served() {
    let server = Server::dev();
    if server.request("GET", "/", &[HTML], b"").status == 200 {
        let icon = server.get("/favicon.ico");
        assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    }
}

/// The configuration in the current directory is used.
#[test]
fn finding_u11_the_configuration_in_the_current_directory_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let text = "public_url = \"http://localhost:3000\"\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite:cloakroom.db\"\n[mail]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"a@example.test\"\n[app]\nname = \"Found here\"\n";
    std::fs::write(directory.path().join("cloakroom.toml"), text).unwrap();
    let here = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command.args(arguments).current_dir(directory.path());
        run(command, "")
    };
    let shown = here(&["check"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Found here"), "{shown:?}");
    assert!(here(&["migrate"]).status.success());
    // `serve` gets as far as binding. An address of another machine ends it.
    let served = here(&["serve", "--listen", "192.0.2.1:1"]);
    let told = String::from_utf8_lossy(&served.stderr).into_owned();
    assert!(told.contains("cannot listen on 192.0.2.1:1"), "{told}");
}
