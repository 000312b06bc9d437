//! The brand: in our pages, beside an app in `app.dir`, and as `check` tells it.

use std::fs;

use tempfile::TempDir;

use crate::support::installation::{Installation, text};
use crate::support::server::Server;

const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>"#;
const PAGE_LOAD: (&str, &str) = ("Accept", "text/html");

/// Writes a picture into a directory that also is an app.
fn app() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("logo.svg"), LOGO).unwrap();
    fs::write(directory.path().join("index.html"), "<!doctype html><title>App</title>").unwrap();
    directory
}

fn get(server: &Server, path: &str) -> crate::support::server::Reply {
    server.request("GET", path, &[PAGE_LOAD], b"")
}

#[test]
fn our_pages_show_the_brand_without_inline_styles() {
    let app = app();
    let logo = app.path().join("logo.svg");
    let logo = logo.to_str().unwrap();
    let server = Server::dev_with(
        &[
            ("CLOAKROOM_APP__NAME", "Größe & Söhne <\"'>"),
            ("CLOAKROOM_APP__LOGO", logo),
            ("CLOAKROOM_APP__ICON", logo),
            ("CLOAKROOM_APP__ACCENT", "#7a3cff"),
        ],
        &[],
    );
    let icon = get(&server, "/favicon.ico");
    assert_eq!((icon.status, icon.text()), (200, LOGO.to_owned()));
    assert_eq!(icon.header("content-type"), Some("image/svg+xml; charset=utf-8"));
    let page = get(&server, "/login");
    // Without `make web` a page says that it was not built.
    if page.status == 503 {
        return;
    }
    let html = page.text();
    assert!(html.contains("<title>Größe &amp; Söhne &lt;\"'&gt;</title>"), "{html}");
    assert!(!html.contains("<style") && !html.contains(" style="), "{html}");
    assert_eq!(html.matches("rel=\"icon\"").count(), 1, "{html}");
    for name in ["icon-", "brand-", "manifest-"] {
        let start = format!("/_cloakroom/{name}");
        let path = html
            .split('"')
            .find(|text| text.starts_with(&start))
            .unwrap_or_else(|| panic!("{start} in {html}"));
        let file = get(&server, path);
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
}

#[test]
fn the_files_are_there_beside_an_app_whose_icon_is_its_own() {
    let app = app();
    let settings = format!(
        "dir = {0:?}\nlogo = \"{1}/logo.svg\"\nicon = \"{1}/logo.svg\"",
        app.path(),
        app.path().display()
    );
    for (pages, title) in [("none", "<title>App</title>"), ("all", "<title>Acme</title>")] {
        let server = Server::serve(
            "public_url = \"http://localhost:3000\"",
            &format!("{settings}\npages = \"{pages}\""),
        );
        let config = server.request("GET", "/api/config/", &[], b"").json();
        let logo = config["app"]["logo"].as_str().unwrap();
        assert_eq!(get(&server, logo).text(), LOGO);
        assert_eq!(get(&server, "/favicon.ico").status, 404);
        let page = get(&server, "/login");
        // Without `make web` a page of ours says that it was not built.
        assert!(page.status == 503 || page.text().contains(title), "{pages}: {}", page.text());
    }
}

#[test]
fn check_tells_what_the_brand_came_to() {
    let installation =
        Installation::with_database("sqlite:x.db", "logo = \"logo.svg\"\naccent = \"#7a3cff\"");
    fs::write(installation.path().join("logo.svg"), LOGO).unwrap();
    let output = installation.command(&["check"], "");
    let shown = text(&output.stdout);
    for line in [
        "# accent on light pages: #7a3cff, ",
        "# accent on dark pages: #",
        "# logo: /_cloakroom/logo-",
        "# icon: none",
    ] {
        assert!(shown.lines().any(|shown| shown.starts_with(line)), "{line} in {shown}");
    }
    let values: Result<toml::Table, _> = shown.parse();
    assert!(values.is_ok(), "what is shown can be read back: {shown}");
}

#[test]
fn a_reload_takes_another_picture_and_another_colour() {
    let app = app();
    let logo = app.path().join("logo.svg");
    let settings = format!("logo = {logo:?}\naccent = \"#7a3cff\"");
    let server = Server::serve("public_url = \"http://localhost:3000\"", &settings);
    let brand = || server.request("GET", "/api/config/", &[], b"").json()["app"].clone();
    let before = brand();
    fs::write(&logo, LOGO.replace("M0 0", "M1 1")).unwrap();
    let text = fs::read_to_string(server.config()).unwrap();
    fs::write(server.config(), text.replace("#7a3cff", "rebeccapurple")).unwrap();
    server.hang_up();
    server.wait_for_output("configuration reloaded");
    let after = brand();
    assert_eq!((&before["accent"], &after["accent"]), (&"#7a3cff".into(), &"#663399".into()));
    assert_ne!(before["logo"], after["logo"]);
    assert_eq!(get(&server, after["logo"].as_str().unwrap()).status, 200);
}
