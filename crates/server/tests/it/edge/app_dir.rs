//! A custom build in `app.dir`: its policy, its deep links, its pages.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::support::server::{Reply, Server};

const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; \
                      frame-ancestors 'none'; base-uri 'self'";

/// The `Accept` header that a browser sends to open a page.
const PAGE_LOAD: (&str, &str) =
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8");
const SCRIPT: (&str, &str) = ("Accept", "*/*");

fn build(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn serving(directory: &Path, settings: &[(&str, &str)]) -> Server {
    let mut environment = vec![("CLOAKROOM_APP__DIR", directory.to_str().unwrap())];
    environment.extend(settings);
    Server::dev_with(&environment, &[])
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Reply {
    server.request("GET", path, headers, b"")
}

fn policy(reply: &Reply) -> &str {
    reply.header("content-security-policy").expect("a policy")
}

#[test]
fn finding_n2_a_custom_app_has_its_own_policy_and_ours_stays_strict() {
    let app = build(&[
        ("index.html", "<!doctype html><script type=module src=/assets/a.js></script>"),
        ("assets/a.js", "1"),
    ]);
    let server = serving(app.path(), &[]);
    for path in ["/", "/reports/2024", "/assets/a.js"] {
        let reply = get(&server, path, &[PAGE_LOAD]);
        assert_eq!(policy(&reply), POLICY, "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin-allow-popups"), "{path}");
        let devices = reply.header("permissions-policy").unwrap();
        assert_eq!(devices, "camera=(self), geolocation=(self), microphone=(self)", "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    for path in ["/dev/mail", "/api/docs/", "/api/session/", "/assets/missing.js"] {
        let reply = get(&server, path, &[PAGE_LOAD]);
        assert!(policy(&reply).contains("base-uri 'none'"), "{path}: {}", policy(&reply));
        assert!(!policy(&reply).contains("data:"), "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
    }
}

#[test]
fn finding_n2_sources_from_the_configuration_are_added_to_the_default_ones() {
    let app = build(&[("index.html", "<!doctype html>")]);
    let settings = "[app.csp]\nimg-src = [\"https://cdn.example.com\", \"data:\"]\nconnect-src = [\"wss://live.example.com\"]\n\
         script-src = [\"'unsafe-eval'\"]\nframe-src = [\"https://*.example.com:8443/embed\"]";
    let dir = format!("dir = \"{}\"\n{settings}", app.path().display());
    let server = Server::serve("public_url = \"http://localhost:3000\"", &dir);
    let expected = format!(
        "{}; connect-src 'self' wss://live.example.com; frame-src 'self' https://*.example.com:8443/embed; script-src 'self' 'unsafe-eval'",
        POLICY.replace("img-src 'self' data: blob:", "img-src 'self' data: blob: https://cdn.example.com")
    );
    assert_eq!(policy(&get(&server, "/", &[PAGE_LOAD])), expected);
}

/// Environment variables can add sources to the policy, and sources that weaken it cause a warning.
#[test]
fn finding_n2_the_environment_can_add_sources_and_risky_ones_are_warned_of() {
    let app = build(&[("index.html", "<!doctype html>")]);
    let server = serving(
        app.path(),
        &[("CLOAKROOM_APP__CSP__STYLE_SRC", "'unsafe-inline', https://fonts.example.com")],
    );
    let reply = get(&server, "/", &[PAGE_LOAD]);
    assert_eq!(
        policy(&reply),
        format!("{POLICY}; style-src 'self' 'unsafe-inline' https://fonts.example.com")
    );
    let output = server.wait_for_output("app.csp.style-src");
    assert!(output.contains("WARN") && output.contains("'unsafe-inline'"), "{output}");
}

/// Angular and Nuxt put scripts and styles into their HTML files. Each page allows its own by hash.
#[test]
fn finding_v6_inline_scripts_of_a_page_are_allowed_by_their_hashes() {
    let app = build(&[
        (
            "index.html",
            "<!doctype html><base href=/><style>body{margin:0}</style><script>window.a=1</script>",
        ),
        ("about/index.html", "<!doctype html><script>window.b=2</script>"),
        ("terms.html", "<!doctype html><title>Terms</title>"),
        ("200.html", "<!doctype html><title>Any route</title>"),
    ]);
    let server = serving(app.path(), &[]);
    let index = get(&server, "/", &[PAGE_LOAD]);
    assert!(policy(&index).contains("; script-src 'self' 'sha256-"), "{}", policy(&index));
    assert!(policy(&index).contains("; style-src 'self' 'sha256-"), "{}", policy(&index));
    for path in ["/about", "/about/", "/about/index.html"] {
        let about = get(&server, path, &[PAGE_LOAD]);
        assert!(about.text().contains("window.b=2"), "{path}: {}", about.text());
        assert!(policy(&about).contains("script-src") && !policy(&about).contains("style-src"), "{path}");
    }
    assert_eq!(policy(&get(&server, "/terms", &[PAGE_LOAD])), POLICY);
    assert!(get(&server, "/terms", &[PAGE_LOAD]).text().contains("Terms"));
    assert!(get(&server, "/users/7", &[PAGE_LOAD]).text().contains("Any route"));
}

#[test]
fn finding_q7_a_page_load_with_a_dot_in_its_path_gets_the_app() {
    let app = build(&[
        ("index.html", "<!doctype html><title>App</title>"),
        ("assets/app.js", "1"),
        ("files/report.pdf", "pdf"),
    ]);
    let server = serving(app.path(), &[]);
    for path in [
        "/users/ann@example.com",
        "/users/ann%40example.com",
        "/releases/v1.2",
        "/releases/v1.2/notes",
        "/files/readme.md",
        "/example.com",
        "/source/main.js",
        "/search?q=a.b",
    ] {
        let reply = get(&server, path, &[PAGE_LOAD]);
        assert_eq!((reply.status, reply.text().contains("App")), (200, true), "{path}");
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    }
    // No page loads: a script, an image, an API call.
    for (path, accept) in [
        ("/users/ann@example.com", ("Accept", "application/json")),
        ("/source/main.js", SCRIPT),
        ("/logo.webp", ("Accept", "image/avif,image/webp,*/*;q=0.8")),
        ("/assets/missing.js", PAGE_LOAD),
        ("/assets/users/ann@example.com", PAGE_LOAD),
        ("/main.js", PAGE_LOAD),
        ("/.env", PAGE_LOAD),
        ("/users/.hidden", PAGE_LOAD),
    ] {
        assert_eq!(get(&server, path, &[accept]).status, 404, "{path}");
    }
    assert_eq!(get(&server, "/files/report.pdf", &[PAGE_LOAD]).text(), "pdf");
}

/// With `app.pages = "all"` our pages have the paths of the contract, and the app has every other one.
#[test]
fn our_pages_stand_beside_a_custom_app() {
    let app = build(&[("index.html", "<!doctype html><title>App</title>"), ("assets/a.js", "1")]);
    let server = serving(app.path(), &[("CLOAKROOM_APP__PAGES", "all")]);
    for path in ["/", "/reports/2024", "/assets/a.js", "/logins", "/accounts/7", "/authors", "/index.html"] {
        let reply = get(&server, path, &[PAGE_LOAD]);
        assert_eq!((reply.status, policy(&reply)), (200, POLICY), "{path}");
    }
    assert_eq!(get(&server, "/favicon.ico", &[]).status, 404, "the icon is the app's");
    for path in OURS {
        for path in
            [path.to_owned(), format!("{path}/"), format!("{path}/below/it"), format!("{path}?next=%2F")]
        {
            let reply = get(&server, &path, &[PAGE_LOAD]);
            assert!(!reply.text().contains("<title>App</title>"), "{path}");
            assert!(
                policy(&reply).contains("base-uri 'none'") && !policy(&reply).contains("data:"),
                "{path}"
            );
            // Without `make web` a page says that it was not built.
            if reply.status != 503 {
                assert_eq!(reply.status, 200, "{path}");
                assert!(reply.text().contains(r#"<meta name="cloakroom-home" content="/">"#), "{path}");
            }
        }
    }
    let change = get(&server, "/.well-known/change-password", &[PAGE_LOAD]);
    assert_eq!((change.status, change.header("location")), (303, Some("/account/password")));
    assert_eq!(get(&server, "/_cloakroom/missing.js", &[SCRIPT]).status, 404);
}

/// The paths of our pages, as the contract lists them.
const OURS: [&str; 14] = [
    "/login",
    "/signup",
    "/check-email",
    "/verify-email",
    "/forgot-password",
    "/reset-password",
    "/change-email",
    "/undo-email-change",
    "/account",
    "/auth",
    "/not-me",
    "/restore-account",
    "/continue",
    "/tasks",
];

/// Apple makes the browser post its answer, which must reach our page as a GET beside an app, too.
#[test]
fn a_posted_answer_of_a_provider_reaches_our_page_beside_a_custom_app() {
    let app = build(&[("index.html", "<!doctype html>")]);
    let server = serving(app.path(), &[("CLOAKROOM_APP__PAGES", "all")]);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let reply = server.request("POST", "/auth/github/callback", &[form], b"code=1&state=2");
    assert_eq!((reply.status, reply.header("location")), (303, Some("/auth/github/callback?code=1&state=2")));
}
