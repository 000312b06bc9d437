//! The pages: which file answers which path, in which encoding, and what is never served.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::support::server::{Reply, Server};

const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// A small build, with files that must not be served.
fn build() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("index.html", "<!doctype html><title>App</title>"),
        ("index.html.br", "index as brotli"),
        ("robots.txt", "User-agent: *"),
        ("assets/app-1a2b3c.js", "console.log(1)"),
        ("assets/app-1a2b3c.js.br", "script as brotli"),
        ("assets/app-1a2b3c.js.gz", "script as gzip"),
        ("assets/app-1a2b3c.js.map", "{}"),
        (".env", "SECRET=1"),
        (".git/HEAD", "ref"),
        ("a file.txt", "spaced"),
    ] {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn serving(directory: &Path) -> Server {
    Server::dev_with(&[("CLOAKROOM_APP__DIR", directory.to_str().unwrap())], &[])
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Reply {
    server.request("GET", path, headers, b"")
}

#[test]
fn a_client_side_route_survives_a_reload() {
    let build = build();
    let server = serving(build.path());
    for path in ["/", "/login", "/account/security", "/auth/github/callback?code=1&state=2", "/index.html"] {
        for headers in [&[HTML][..], &[("Accept", "*/*")], &[]] {
            let reply = get(&server, path, headers);
            assert_eq!(reply.status, 200, "{path}");
            assert_eq!(reply.text(), "<!doctype html><title>App</title>");
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(reply.header("cache-control"), Some("no-cache"));
        }
    }
    let head = server.request("HEAD", "/login", &[HTML], b"");
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("33")));
}

/// X07: the fallback page answers navigations only, never a file, a script's request, or the API.
#[test]
fn x07_a_page_is_no_answer_to_what_is_not_a_navigation() {
    let build = build();
    let server = serving(build.path());
    for path in [
        "/api/x",
        "/api",
        "/api/dev/nothing",
        "/dev/nothing",
        "/foo.js",
        "/assets/missing",
        "/_cloakroom/missing",
        "/assets/",
        "/assets/app-1a2b3c.js.map",
        "/.env",
        "/.git/HEAD",
        "/%2egit/HEAD",
        "/.well-known/nothing",
        "/..%2f..%2fetc%2fpasswd",
        "/assets/../.env",
        "/%ff",
    ] {
        let reply = get(&server, path, &[HTML]);
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.problem(), "not_found", "{path}");
    }
    let reply = get(&server, "/login", &[("Accept", "application/json")]);
    assert_eq!(reply.status, 404);
    assert_eq!(get(&server, "/a%20file.txt", &[]).text(), "spaced");
}

/// W3C, "A Well-Known URL for Changing Passwords": it redirects everybody, and other well-known URLs must not
/// seem to exist.
#[test]
fn a_password_manager_finds_the_page_that_changes_a_password() {
    let build = build();
    let server = serving(build.path());
    for headers in [&[HTML][..], &[]] {
        let reply = get(&server, "/.well-known/change-password", headers);
        assert_eq!((reply.status, reply.header("location")), (303, Some("/account/password")));
    }
    let absent = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(get(&server, absent, &[HTML]).status, 404);
}

#[test]
fn p05_x07_pages_take_only_get_and_head() {
    let build = build();
    let server = serving(build.path());
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        for path in ["/", "/login", "/robots.txt"] {
            let reply = server.request(method, path, &[], b"");
            assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
            assert_eq!(reply.problem(), "method_not_allowed");
        }
    }
}

#[test]
fn a_compressed_file_is_sent_to_clients_that_accept_it() {
    let build = build();
    let server = serving(build.path());
    let path = "/assets/app-1a2b3c.js";
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "script as brotli"),
        ("gzip", Some("gzip"), "script as gzip"),
        ("br;q=0, gzip;q=0.5", Some("gzip"), "script as gzip"),
        ("br;q=0, gzip;q=0", None, "console.log(1)"),
        ("identity", None, "console.log(1)"),
    ] {
        let reply = get(&server, path, &[("Accept-Encoding", accepted)]);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, encoding), "{accepted}");
        assert_eq!(reply.text(), body);
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(reply.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(reply.header("vary").is_some_and(|vary| vary.contains("Accept-Encoding")));
    }
    assert_eq!(get(&server, "/", &[HTML, ("Accept-Encoding", "br")]).text(), "index as brotli");
}

#[test]
fn an_unchanged_file_is_not_sent_again() {
    let build = build();
    let server = serving(build.path());
    for path in ["/login", "/assets/app-1a2b3c.js", "/robots.txt"] {
        let first = get(&server, path, &[]);
        let tag = first.header("etag").expect("a tag").to_owned();
        let again = get(&server, path, &[("If-None-Match", &tag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(again.header("cache-control"), first.header("cache-control"));
        assert_eq!(get(&server, path, &[("If-None-Match", "\"other\"")]).status, 200);
    }
}

/// The binary serves the embedded pages, or a page that says how to embed them.
#[test]
fn the_binary_serves_its_pages_by_itself() {
    let server = Server::dev();
    let page = get(&server, "/", &[HTML]);
    if page.status == 503 {
        assert!(page.text().contains("make run"), "{page:?}");
        return;
    }
    assert_eq!(page.status, 200);
    let html = page.text();
    let assets: Vec<&str> = html.split('"').filter(|text| text.starts_with("/_cloakroom/")).collect();
    assert!(!assets.is_empty(), "no hashed files in {html}");
    for asset in assets {
        let reply = get(&server, asset, &[("Accept-Encoding", "br")]);
        assert_eq!(reply.status, 200, "{asset}");
        // The build does not compress files that fit into one packet anyway.
        let compressed = reply.header("content-encoding") == Some("br");
        assert!(compressed || reply.body.len() < 1500, "{asset}: {} bytes as they are", reply.body.len());
        assert_eq!(reply.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
}
