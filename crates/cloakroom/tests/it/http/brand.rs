//! The brand, as the API tells it and its files are served.

use std::fs;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use cloakroom::config::SignInOrder;
use cloakroom::testing::{Reply, TestApp};
use cloakroom::{Brand, mailing};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::Service as _;

use crate::support::app::{app, app_with};

const LOGO: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>"#;
const LOGO_DARK: &str =
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#fff" d="M0 0h8v8z"/></svg>"##;
const ICON: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\xb4\0\0\0\xb4\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Writes the files of a brand.
fn pictures() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in
        [("logo.svg", LOGO.as_bytes()), ("dark.svg", LOGO_DARK.as_bytes()), ("icon.png", ICON)]
    {
        fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

/// Sets a whole brand.
fn branded(config: &mut cloakroom::Config, pictures: &TempDir) {
    let app = &mut config.app;
    app.logo = Some(pictures.path().join("logo.svg"));
    app.logo_dark = Some(pictures.path().join("dark.svg"));
    app.icon = Some(pictures.path().join("icon.png"));
    app.accent = Some("hsl(259 100% 62%)".to_owned());
    app.support = Some("help@example.com".to_owned());
    app.terms = Some("/terms".to_owned());
    app.privacy = Some("https://example.com/privacy".to_owned());
    app.languages = vec!["de".to_owned(), "en".to_owned()];
    app.order = SignInOrder::Providers;
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn the_api_tells_the_brand_or_null() {
    let told = app().await.browser().get("/api/config/").await.json();
    let nothing = json!({
        "name": "Acme", "logo": null, "logo_dark": null, "icon": null, "accent": null,
        "support": null, "terms": null, "privacy": null,
    });
    assert_eq!((&told["app"], &told["languages"]), (&nothing, &json!(mailing::locales())));

    let pictures = pictures();
    let app = app_with(|config| branded(config, &pictures)).await;
    let told = app.browser().get("/api/config/").await.json();
    let text = |key: &str| told["app"][key].as_str().unwrap_or_default().to_owned();
    for (key, beginning, end) in [
        ("logo", "/_cloakroom/logo-", ".svg"),
        ("logo_dark", "/_cloakroom/logo_dark-", ".svg"),
        ("icon", "/_cloakroom/icon-", ".png"),
    ] {
        let path = text(key);
        assert!(path.starts_with(beginning) && path.ends_with(end), "{key}: {path}");
    }
    assert_eq!(text("accent"), "#7b3dff");
    assert_eq!(
        (text("support"), text("terms"), text("privacy")),
        ("help@example.com".into(), "/terms".into(), "https://example.com/privacy".into())
    );
    assert_eq!(told["languages"], json!(["de", "en"]));
}

#[tokio::test]
async fn one_logo_is_for_both_themes() {
    let pictures = pictures();
    let app = app_with(|config| config.app.logo = Some(pictures.path().join("logo.svg"))).await;
    let told = app.browser().get("/api/config/").await.json();
    assert!(told["app"]["logo"].is_string());
    assert_eq!(told["app"]["logo"], told["app"]["logo_dark"]);
}

#[tokio::test]
async fn the_files_are_served_for_good_and_can_do_nothing() {
    let pictures = pictures();
    let app = app_with(|config| branded(config, &pictures)).await;
    let browser = app.browser();
    let brand = app.cloakroom.brand();
    assert_eq!(brand.files().count(), 5, "three pictures, the style sheet and the manifest");
    for file in brand.files() {
        let reply = browser.get(file.path()).await;
        assert_eq!((reply.status.as_u16(), reply.text.len() > 9), (200, true), "{}", file.path());
        assert_eq!(header(&reply, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&reply, "x-content-type-options"), "nosniff");
        assert_eq!(header(&reply, "content-type"), file.content_type());
        let policy = header(&reply, "content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
    }
    let logo = browser.get(brand.logo().unwrap().path()).await;
    assert_eq!((&*logo.text, header(&logo, "content-type")), (LOGO, "image/svg+xml; charset=utf-8"));
    assert_eq!(browser.get("/_cloakroom/logo-0.svg").await.status, 404);
    let manifest = brand.files().find(|file| file.path().ends_with(".webmanifest")).unwrap();
    let manifest: Value = browser.get(manifest.path()).await.json();
    assert_eq!((&manifest["name"], &manifest["theme_color"]), (&json!("Acme"), &json!("#7b3dff")));
    assert_eq!(manifest["icons"][0]["sizes"], "180x180");
}

#[tokio::test]
async fn another_content_has_another_name() {
    let pictures = pictures();
    let path = pictures.path().join("logo.svg");
    let mut config = TestApp::config("sqlite::memory:");
    config.app.logo = Some(path.clone());
    let before = Brand::open(&config).unwrap().logo().unwrap().path().to_owned();
    assert_eq!(Brand::open(&config).unwrap().logo().unwrap().path(), before);
    fs::write(path, LOGO_DARK).unwrap();
    assert_ne!(Brand::open(&config).unwrap().logo().unwrap().path(), before);
}

#[tokio::test]
async fn a_nested_router_tells_and_serves_the_paths_below_its_own() {
    let pictures = pictures();
    let app = app_with(|config| branded(config, &pictures)).await;
    let mut router = Router::new().nest("/auth", app.cloakroom.router().layer(app.cloakroom.layer()));
    let mut get = async |path: &str| {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let reply = router.call(request).await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        to_bytes(reply.into_body(), usize::MAX).await.unwrap()
    };
    let told: Value = serde_json::from_slice(&get("/auth/api/config/").await).unwrap();
    let path = told["app"]["logo"].as_str().unwrap();
    assert!(path.starts_with("/auth/_cloakroom/logo-"), "{path}");
    assert_eq!(get(path).await, LOGO);
}

const PAGE: &str = "<!doctype html><html><head><title>Sign in</title><link rel=\"icon\" type=\"image/svg+xml\" \
    href=\"/_cloakroom/favicon-1.svg\"></head><body></body></html>";

#[test]
fn a_page_gets_title_icon_and_colours() {
    let pictures = pictures();
    let mut config = TestApp::config("sqlite::memory:");
    branded(&mut config, &pictures);
    let brand = Brand::open(&config).unwrap();
    let page = brand.page(PAGE);
    let icon = brand.icon().unwrap().path();
    for part in [
        "<title>Acme</title>".to_owned(),
        format!("<link rel=\"icon\" type=\"image/png\" href=\"{icon}\">"),
        format!("<link rel=\"apple-touch-icon\" type=\"image/png\" href=\"{icon}\">"),
        "<meta name=\"theme-color\" media=\"(prefers-color-scheme: light)\" content=\"#7b3dff\">".to_owned(),
        "<meta name=\"cloakroom-languages\" content=\"de en\">".to_owned(),
        "<meta name=\"cloakroom-order\" content=\"providers\">".to_owned(),
    ] {
        assert!(page.contains(&part), "{part} in {page}");
    }
    for file in brand.files().filter(|file| !file.path().contains("logo")) {
        assert!(page.contains(file.path()), "{} in {page}", file.path());
    }
    assert!(!page.contains("favicon-1.svg") && !page.contains("style="), "{page}");
}

#[test]
fn a_page_without_a_brand_keeps_our_icon_and_colours() {
    let page = Brand::open(&TestApp::config("sqlite::memory:")).unwrap().page(PAGE);
    assert!(page.contains("<title>Acme</title>") && page.contains("favicon-1.svg"), "{page}");
    assert!(
        !page.contains("stylesheet") && !page.contains("theme-color") && !page.contains("order"),
        "{page}"
    );
}

#[test]
fn t13_a_name_is_never_read_as_html_in_a_page() {
    let mut config = TestApp::config("sqlite::memory:");
    "</title><script>alert(1)</script> \"&amp;' 🧥".clone_into(&mut config.app.name);
    let brand = Brand::open(&config).unwrap();
    let page = brand.page(PAGE);
    assert!(
        page.contains("<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; \"&amp;amp;' 🧥</title>"),
        "{page}"
    );
    let manifest = brand.files().next().unwrap();
    let manifest: Value = serde_json::from_slice(manifest.bytes()).unwrap();
    assert_eq!(manifest["name"], json!(config.app.name));
}
