//! `cloakroom mail preview` without a name: every mail in every language, to look at in a browser.
//!
//! All of it is a handful of files: a page that shows them, and each mail as it is sent, forced light, forced dark, and as
//! text. They are served from memory on a free port of this machine, or written into a directory.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use cloakroom::mailing::{self, MailView};
use cloakroom::{Brand, Config};
use cloakroom_edge::problem;
use serde_json::json;
use tokio::net::TcpListener;

use crate::Failure;
use crate::user::say;

const PAGE: &str = include_str!("preview/page.html");
const SCRIPT: &str = include_str!("preview/script.js");
const STYLE: &str = concat!(
    include_str!("../../../cloakroom/src/http/tokens.css"),
    include_str!("../../../cloakroom/src/http/plain.css"),
    include_str!("../../../cloakroom/src/http/development/mailbox/style.css"),
    include_str!("preview/style.css")
);
const ICON: &str = include_str!("../../../../web/app/src/images/favicon.svg");

/// The typeface that the styles name.
const TYPEFACE: &[u8] = include_bytes!("../../../cloakroom/src/http/inter.woff2");

/// The media query of the layout that a forced theme replaces.
const DARK_ONLY: &str = "@media (prefers-color-scheme: dark)";
/// The policy of the page: its own files and nothing else.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// The policy of a mail: its styles and the pictures of the brand. It runs nothing.
const MAIL_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox",
);

/// The files of a preview, by their path below its directory.
pub(super) struct Preview(BTreeMap<String, Bytes>);

impl Preview {
    /// Makes all files.
    ///
    /// # Errors
    /// [`Failure`] when a file of the brand cannot be used.
    pub(super) fn new(config: &Config) -> Result<Self, Failure> {
        let brand = Brand::open(config)?;
        let mut files = BTreeMap::new();
        let mut listed = Vec::new();
        for language in mailing::locales() {
            for name in mailing::names() {
                let MailView { subject, text, html, .. } = mailing::preview(config, name, language)?;
                let html = with_local_pictures(&html, config.public_url.origin(), &brand);
                files.insert(format!("{language}/{name}.light.html"), forced(&html, "light").into());
                files.insert(format!("{language}/{name}.dark.html"), forced(&html, "dark").into());
                files.insert(format!("{language}/{name}.html"), html.into());
                files.insert(format!("{language}/{name}.txt"), text.clone().into());
                listed.push(json!({"name": name, "language": language, "subject": subject, "text": text}));
            }
        }
        for file in brand.files() {
            files.insert(local(file.path()).to_owned(), file.bytes().clone());
        }
        // A script, because a page that is opened as a file may not fetch another one.
        let listed = format!("var mails = {}\n", json!(listed));
        let rest = [("index.html", PAGE), ("script.js", SCRIPT), ("style.css", STYLE), ("icon.svg", ICON)];
        files.extend(rest.map(|(path, text)| (path.to_owned(), Bytes::from_static(text.as_bytes()))));
        files.insert("inter.woff2".to_owned(), Bytes::from_static(TYPEFACE));
        files.insert("mails.js".to_owned(), listed.into());
        Ok(Self(files))
    }

    /// Writes the files into a directory, which is made when it is not there.
    ///
    /// # Errors
    /// [`Failure`] naming the file that cannot be written.
    pub(super) fn write(&self, directory: &Path) -> Result<(), Failure> {
        for (path, bytes) in &self.0 {
            let path = directory.join(path);
            let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            written.and_then(|()| std::fs::write(&path, bytes)).map_err(|error: io::Error| {
                Failure::Refused(format!("{} cannot be written: {error}", path.display()))
            })?;
        }
        say(&format!("Wrote every mail in every language. Open {}", directory.join("index.html").display()));
        Ok(())
    }

    /// Serves the files at a free port of this machine, until the process is ended.
    ///
    /// # Errors
    /// [`Failure`] when no port can be had.
    pub(super) async fn serve(self) -> Result<(), Failure> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        say(&format!("Every mail in every language: http://{}/", listener.local_addr()?));
        say("Nothing is sent. Ctrl+C ends it.");
        let preview = Arc::new(self);
        let app = Router::new().fallback(async move |request: Request| preview.reply(request.uri().path()));
        Ok(axum::serve(listener, app).await?)
    }

    fn reply(&self, path: &str) -> Response {
        let path = path.trim_start_matches('/');
        let path = if path.is_empty() { "index.html" } else { path };
        let Some(bytes) = self.0.get(path) else { return problem::not_found() };
        let is_mail = path.contains('/') && content_type(path).starts_with("text/html");
        let policy = if is_mail { MAIL_POLICY } else { PAGE_POLICY };
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type(path))),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, bytes.clone()).into_response()
    }
}

/// Returns a mail that shows one theme, whatever the device prefers.
fn forced(html: &str, theme: &str) -> String {
    let media = if theme == "dark" { "@media all" } else { "@media not all" };
    html.replace(DARK_ONLY, media).replace("color-scheme: light dark", &format!("color-scheme: {theme}"))
}

/// Returns a mail whose pictures are files of the preview, since the app may not run. Its links open beside the page.
fn with_local_pictures(html: &str, origin: &str, brand: &Brand) -> String {
    let html = html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1);
    brand.files().fold(html, |html, file| {
        html.replace(
            &format!("src=\"{origin}{}\"", file.path()),
            &format!("src=\"../{}\"", local(file.path())),
        )
    })
}

/// Returns the path of a file of the brand below the directory of the preview.
fn local(path: &str) -> &str {
    path.trim_start_matches('/')
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}
