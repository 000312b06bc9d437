//! `[app]`: the app that people sign in to, its looks, and what its pages may load.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Complaint;
use crate::model::locale::Locale;

/// `[app]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct App {
    /// The name that pages and mails show.
    pub name: String,
    /// The logo at the top of pages, in place of the name: a file (SVG, PNG or WebP) of at most 256 KiB. Mails show a PNG.
    pub logo: Option<PathBuf>,
    /// The logo on dark pages; without one, `logo`.
    pub logo_dark: Option<PathBuf>,
    /// The icon in tabs, in bookmarks and on home screens; a file as for `logo`.
    pub icon: Option<PathBuf>,
    /// The colour of buttons and links, as in CSS: `#7a3cff`, `rebeccapurple`, `oklch(52% 0.25 290)`. Dark pages get a lighter shade
    /// where they need one.
    pub accent: Option<String>,
    /// The address or the URL at which people get help.
    pub support: Option<String>,
    /// The URL of your terms, or their path.
    pub terms: Option<String>,
    /// The URL of your privacy notice, or its path.
    pub privacy: Option<String>,
    /// The languages of pages and mails. Who reads none of them gets the first.
    pub languages: Vec<String>,
    /// The part of the sign-in page that stands first: `form` or `providers`.
    pub order: SignInOrder,
    /// Your own built single-page app, served instead of the embedded one.
    pub dir: Option<PathBuf>,
    /// Sources from which the pages of `dir` may load, added to their Content-Security-Policy.
    pub csp: Csp,
    /// With `dir`: `none`, or `all` for our sign-in and account pages beside your app, which has every other path.
    pub pages: Pages,
}

/// The pages of ours that stand beside the app in `dir`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[non_exhaustive]
pub enum Pages {
    /// None: the app has pages of its own for everything.
    #[default]
    None,
    /// All: the app links to `/login`, `/signup` and `/account`.
    All,
}

impl Default for App {
    fn default() -> Self {
        Self {
            name: String::new(),
            logo: None,
            logo_dark: None,
            icon: None,
            accent: None,
            support: None,
            terms: None,
            privacy: None,
            languages: Locale::ALL.map(|locale| locale.tag().to_owned()).into(),
            order: SignInOrder::default(),
            dir: None,
            csp: Csp::default(),
            pages: Pages::default(),
        }
    }
}

impl App {
    /// Returns the languages of pages and mails. Unknown ones, which a start refuses, are left out.
    pub(crate) fn locales(&self) -> Vec<Locale> {
        self.languages.iter().filter_map(|tag| Locale::exactly(tag)).collect()
    }

    /// Returns the language for people who read none of them.
    pub(crate) fn fallback(&self) -> Locale {
        self.locales().first().copied().unwrap_or_default()
    }
}

/// The part of the sign-in page that stands first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[non_exhaustive]
pub enum SignInOrder {
    /// The form for email and password.
    #[default]
    Form,
    /// The buttons of the providers.
    Providers,
}

/// `[app.csp]`: a list begins with what the policy allows already (`'self'`, and for images and fonts `data:`).
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Csp {
    /// Images, as in `["https://cdn.example.com"]`.
    pub img_src: Vec<String>,
    /// Servers that scripts may connect to, by `fetch` or `WebSocket`.
    pub connect_src: Vec<String>,
    /// Fonts.
    pub font_src: Vec<String>,
    /// Pages in frames.
    pub frame_src: Vec<String>,
    /// Audio and video.
    pub media_src: Vec<String>,
    /// Scripts. Inline scripts of your own HTML files are allowed by their hashes already.
    pub script_src: Vec<String>,
    /// Styles; `["'unsafe-inline'"]` for what adds `<style>` at run time, as Angular and Vuetify do.
    pub style_src: Vec<String>,
    /// Workers and service workers.
    pub worker_src: Vec<String>,
}

impl Csp {
    /// Each directive with the sources added to it.
    pub fn directives(&self) -> [(&'static str, &[String]); 8] {
        [
            ("img-src", &self.img_src),
            ("connect-src", &self.connect_src),
            ("font-src", &self.font_src),
            ("frame-src", &self.frame_src),
            ("media-src", &self.media_src),
            ("script-src", &self.script_src),
            ("style-src", &self.style_src),
            ("worker-src", &self.worker_src),
        ]
    }

    /// Sources that give up much of what the policy protects, each with the reason; for a warning at the start.
    pub fn warnings(&self) -> Vec<(String, String)> {
        let risky = |directive: &str, source: &str| match (directive, source) {
            ("script-src", "'unsafe-inline'") => Some("any script that gets into a page runs"),
            ("script-src", "'unsafe-eval'") => Some("text becomes code"),
            ("script-src", "*" | "https:" | "http:" | "data:" | "blob:") => {
                Some("scripts may come from anywhere")
            }
            ("style-src", "'unsafe-inline'") => Some("any style that gets into a page applies"),
            _ => None,
        };
        let mut found = Vec::new();
        for (directive, sources) in self.directives() {
            for source in sources {
                if let Some(reason) = risky(directive, source) {
                    found.push((format!("app.csp.{directive}"), format!("with {source}, {reason}")));
                }
            }
        }
        found
    }

    /// Complaints about sources that are none, each with its key. A slip here would void the whole policy.
    pub(super) fn complaints(&self) -> Vec<Complaint> {
        let each = self.directives().into_iter().flat_map(|(directive, sources)| {
            sources.iter().filter_map(move |source| Some((directive, complaint(source)?)))
        });
        each.map(|(directive, told)| Complaint::new(format!("app.csp.{directive}"), told)).collect()
    }
}

/// The keyword sources (CSP Level 3, section 2.3.1), without their quotes.
const KEYWORDS: [&str; 7] = [
    "self",
    "unsafe-inline",
    "unsafe-eval",
    "wasm-unsafe-eval",
    "unsafe-hashes",
    "strict-dynamic",
    "report-sample",
];

/// Says what is wrong with one source, if anything is.
fn complaint(source: &str) -> Option<String> {
    if source.is_empty() || !source.bytes().all(|byte| byte.is_ascii_graphic()) || source.contains([';', ','])
    {
        return Some(format!(
            "`{}` is not one source: write each as an item of its own",
            source.escape_debug()
        ));
    }
    if let Some(quoted) = source.strip_prefix('\'') {
        return match quoted.strip_suffix('\'') {
            Some("none") => Some("`'none'` adds nothing: leave the list empty".to_owned()),
            Some(nonce) if nonce.starts_with("nonce-") => {
                Some("a nonce must change with each reply: use a hash, or a file".to_owned())
            }
            Some(word) if KEYWORDS.contains(&word) || is_hash(word) => None,
            _ => Some(format!("`{source}` is no keyword: known are '{}'", KEYWORDS.join("', '"))),
        };
    }
    if KEYWORDS.contains(&source) || source == "none" || is_hash(source) {
        return Some(format!("`{source}` needs single quotes: `\"'{source}'\"`"));
    }
    let is_scheme = source.strip_suffix(':').is_some_and(is_scheme);
    (!is_scheme && !is_host(source)).then(|| {
        format!(
            "`{source}` is no source: write it as in `https://cdn.example.com`, `*.example.com` or `data:`"
        )
    })
}

fn is_hash(word: &str) -> bool {
    let value = ["sha256-", "sha384-", "sha512-"].iter().find_map(|algorithm| word.strip_prefix(algorithm));
    value.is_some_and(|value| {
        let digits = value.trim_end_matches('=');
        digits.len() >= 43
            && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
    })
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// `[scheme://]host[:port][/path]`, where the host may be `*` or begin with `*.`.
fn is_host(source: &str) -> bool {
    let rest = match source.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        Some(_) => return false,
        None => source,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "*"));
    let labels = host.strip_prefix("*.").unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_port = port == "*" || port.parse::<u16>().is_ok();
    // `https//cdn.example.com` would be a host called `https`.
    if path.starts_with('/') {
        return false;
    }
    (host == "*" || labels.split('.').all(is_label)) && is_port && !path.contains(['?', '#'])
}
