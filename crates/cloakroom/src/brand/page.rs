//! The brand in a page: its title, its icon, its colours, and what its script must know before anything is drawn.

use std::fmt::Write as _;

use html_escape::encode_quoted_attribute as escape;
use serde_json::json;

use super::Brand;
use super::file::{BrandFile, MANIFEST};
use crate::config::{App, SignInOrder};

impl Brand {
    /// Puts the brand into a page of ours.
    ///
    /// The title becomes the name, and the icon that of the brand. The head gains the manifest, the style sheet and the colour of
    /// the browser's own bars. Of what the configuration says, the page's script finds here what its first text depends on.
    #[must_use]
    pub fn page(&self, html: &str) -> String {
        let mut html = html.to_owned();
        if let Some((start, end)) = span(&html, "<title>", "</title>") {
            html.replace_range(start + "<title>".len()..end, &html_escape::encode_text(self.name()));
        }
        if self.icon().is_some()
            && let Some((start, end)) = span(&html, "<link rel=\"icon\"", ">")
        {
            html.replace_range(start..=end, "");
        }
        html.replacen("</head>", &format!("{}</head>", self.head()), 1)
    }

    /// Returns the elements of the head.
    fn head(&self) -> String {
        let mut head = String::new();
        let mut link = |rel: &str, file: &BrandFile| {
            let kind = file.content_type().split(';').next().unwrap_or_default();
            let _ = write!(head, "<link rel=\"{rel}\" type=\"{kind}\" href=\"{}\">", file.path());
        };
        if let Some(icon) = self.icon() {
            link("icon", icon);
            // Phones show pixels only.
            if icon.is_png() {
                link("apple-touch-icon", icon);
            }
        }
        link("manifest", self.manifest());
        if let Some(style) = self.style_sheet() {
            link("stylesheet", style);
            let palette = self.palette();
            for (scheme, shades) in [("light", palette.light), ("dark", palette.dark)] {
                let color = shades.accent;
                let _ = write!(
                    head,
                    "<meta name=\"theme-color\" media=\"(prefers-color-scheme: {scheme})\" content=\"{color}\">"
                );
            }
        }
        let languages = escape(&self.languages().join(" ")).into_owned();
        let _ = write!(head, "<meta name=\"cloakroom-languages\" content=\"{languages}\">");
        if self.order() == SignInOrder::Providers {
            head.push_str("<meta name=\"cloakroom-order\" content=\"providers\">");
        }
        head
    }
}

/// Returns the offsets at which `from` begins and the `to` after it ends its first sign.
fn span(html: &str, from: &str, to: &str) -> Option<(usize, usize)> {
    let start = html.find(from)?;
    Some((start, start + html[start..].find(to)?))
}

/// Writes the manifest, by which a home screen knows the app (W3C, Web Application Manifest).
pub(super) fn manifest(app: &App, icon: Option<&BrandFile>, accent: Option<String>) -> BrandFile {
    let icons: Vec<_> = icon
        .map(|icon| {
            let kind = icon.content_type().split(';').next();
            json!({"src": icon.path(), "type": kind, "sizes": icon.sizes()})
        })
        .into_iter()
        .collect();
    let mut manifest = json!({"name": app.name, "start_url": "/", "display": "browser", "icons": icons});
    if let Some(accent) = accent {
        manifest["theme_color"] = accent.into();
    }
    BrandFile::new("manifest", MANIFEST, manifest.to_string())
}
