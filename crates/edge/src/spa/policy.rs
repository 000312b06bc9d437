//! The Content-Security-Policy of the operator's own app.
//!
//! It allows the usual output of build tools: images and fonts as `data:`, and a `<base>` element. By hash it allows the
//! inline scripts and styles in HTML files. The operator adds further sources that the app needs. The built-in pages
//! keep the strict policy of [`crate::headers`].

use std::collections::BTreeSet;

use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use sha2::{Digest, Sha256};

/// The policy without additions; a directive that is absent here falls back to `default-src`.
const BASE: [(&str, &[&str]); 6] = [
    ("default-src", &["'self'"]),
    ("img-src", &["'self'", "data:", "blob:"]),
    ("font-src", &["'self'", "data:"]),
    ("object-src", &["'none'"]),
    ("frame-ancestors", &["'none'"]),
    ("base-uri", &["'self'"]),
];

/// The most hashes in a policy. More make a header that proxies with small buffers refuse: nginx has 4 KiB for all
/// headers.
const MOST_HASHES: usize = 24;

/// A directive, and the sources to add to it, which are printable ASCII without semicolons.
pub type Sources<'sources> = (&'static str, &'sources [String]);

/// A page with more inline scripts and styles than the policy can allow by hash.
#[derive(Debug)]
pub struct TooManyInline {
    /// The path of the page.
    pub path: String,
    /// The number of its inline scripts and styles.
    pub count: usize,
}

/// A policy, as directives with their sources.
#[derive(Clone, Debug)]
pub(super) struct Policy(Vec<(&'static str, Vec<String>)>);

impl Policy {
    /// Adds the operator's sources to the base; a directive that the base lacks begins with `'self'`.
    pub(super) fn new<'sources>(additions: impl IntoIterator<Item = Sources<'sources>>) -> Self {
        let owned = |sources: &[&str]| sources.iter().map(|&source| source.to_owned()).collect();
        let mut policy = Self(BASE.iter().map(|(name, sources)| (*name, owned(sources))).collect());
        for (directive, sources) in additions {
            policy.add(directive, sources.iter().cloned());
        }
        policy
    }

    /// Adds the hashes of the inline scripts and styles of one HTML file; fails if there are too many.
    pub(super) fn for_page(&self, path: &str, html: &[u8]) -> Result<Self, TooManyInline> {
        let inline = Inline::of(html);
        let count =
            inline.scripts.len() + inline.handlers.len() + inline.styles.len() + inline.attributes.len();
        if count > MOST_HASHES {
            return Err(TooManyInline { path: path.to_owned(), count });
        }
        let mut policy = self.clone();
        policy.allow("script-src", inline.scripts, inline.handlers);
        policy.allow("style-src", inline.styles, inline.attributes);
        Ok(policy)
    }

    /// Formats the policy as a header.
    pub(super) fn header(&self) -> HeaderValue {
        let directives: Vec<String> =
            self.0.iter().map(|(name, sources)| format!("{name} {}", sources.join(" "))).collect();
        HeaderValue::try_from(directives.join("; ")).unwrap_or(HeaderValue::from_static("default-src 'self'"))
    }

    fn add(&mut self, directive: &'static str, sources: impl IntoIterator<Item = String>) {
        let mut sources = sources.into_iter().peekable();
        if sources.peek().is_none() {
            return;
        }
        let place = self.0.iter().position(|(name, _)| *name == directive).unwrap_or_else(|| {
            self.0.push((directive, vec!["'self'".to_owned()]));
            self.0.len() - 1
        });
        for source in sources {
            if !self.0[place].1.contains(&source) {
                self.0[place].1.push(source);
            }
        }
    }

    /// Allows elements by their hashes, and attributes likewise, for which `'unsafe-hashes'` is needed.
    fn allow(&mut self, directive: &'static str, elements: BTreeSet<String>, attributes: BTreeSet<String>) {
        let has_all = self.0.iter().any(|(name, sources)| {
            *name == directive && sources.iter().any(|source| source == "'unsafe-inline'")
        });
        // A hash beside 'unsafe-inline' would disable the latter (CSP Level 3, section 6.7.3.2).
        if has_all {
            return;
        }
        if !attributes.is_empty() {
            self.add(directive, ["'unsafe-hashes'".to_owned()]);
        }
        self.add(directive, elements.into_iter().chain(attributes));
    }
}

/// The hashes of the inline scripts and styles of an HTML file.
#[derive(Debug, Default)]
struct Inline {
    scripts: BTreeSet<String>,
    /// The hashes of attributes such as `onload`.
    handlers: BTreeSet<String>,
    styles: BTreeSet<String>,
    /// The hashes of `style` attributes.
    attributes: BTreeSet<String>,
}

impl Inline {
    fn of(html: &[u8]) -> Self {
        let mut found = Self::default();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        // The open element whose text is hashed, with its text so far.
        let mut open: Option<(bool, Vec<u8>)> = None;
        for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
            match token {
                Token::StartTag(tag) => {
                    found.note_attributes(&tag);
                    open = match &**tag.name {
                        b"script" if is_inline_script(&tag) => Some((true, Vec::new())),
                        b"style" => Some((false, Vec::new())),
                        _ => None,
                    };
                }
                Token::String(text) => {
                    if let Some((_, so_far)) = &mut open {
                        so_far.extend_from_slice(&text);
                    }
                }
                Token::EndTag(_) => {
                    if let Some((is_script, text)) = open.take() {
                        let into = if is_script { &mut found.scripts } else { &mut found.styles };
                        into.insert(hash(&text));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn note_attributes(&mut self, tag: &StartTag<()>) {
        for (name, value) in &tag.attributes {
            if name.starts_with(b"on") {
                self.handlers.insert(hash(value));
            } else if &***name == b"style" {
                self.attributes.insert(hash(value));
            }
        }
    }
}

/// Tells whether a script element runs its own text: it loads no file, and is not a block of data.
fn is_inline_script(tag: &StartTag<()>) -> bool {
    if tag.attributes.contains_key(&b"src"[..]) {
        return false;
    }
    let kind =
        tag.attributes.get(&b"type"[..]).map(|kind| String::from_utf8_lossy(kind).to_ascii_lowercase());
    kind.is_none_or(|kind| {
        let kind = kind.trim();
        ["", "module", "importmap", "speculationrules"].contains(&kind) || kind.ends_with("script")
    })
}

fn hash(text: &[u8]) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script_src(html: &str) -> String {
        let policy = Policy::new([]).for_page("index.html", html.as_bytes()).unwrap().header();
        let text = policy.to_str().unwrap().to_owned();
        text.split("; ").find(|directive| directive.starts_with("script-src")).unwrap_or_default().to_owned()
    }

    #[test]
    fn finding_n2_only_what_runs_inline_is_allowed_by_hash() {
        let one = format!("script-src 'self' {}", hash(b"run()"));
        for html in [
            "<script>run()</script>",
            "<SCRIPT type=\"Text/JavaScript\">run()</SCRIPT>",
            "<script type=module>run()</script><script src=a.js></script>",
            "<script>run()</script><script type=\"application/json\">{\"a\": 1}</script><textarea><script>no</script></textarea>",
            "<!-- <script>no</script> --><script>run()</script>",
        ] {
            assert_eq!(script_src(html), one, "{html}");
        }
        assert_eq!(script_src("<script src=a.js></script><p>on</p>"), "");
        // The browser hashes the text after it has normalized line ends (HTML, section 13.2.3.5).
        assert_eq!(script_src("<script>a\r\nb</script>"), format!("script-src 'self' {}", hash(b"a\nb")));
        let handler = script_src("<link onload=\"this.media=&#39;all&#39;\">");
        assert_eq!(handler, format!("script-src 'self' 'unsafe-hashes' {}", hash(b"this.media='all'")));
    }

    #[test]
    fn finding_n2_a_hash_never_switches_unsafe_inline_off() {
        let everything = ["'unsafe-inline'".to_owned()];
        let policy = Policy::new([("style-src", &everything[..])]);
        let policy = policy.for_page("index.html", b"<style>a{}</style><p style='b'>").unwrap().header();
        assert!(policy.to_str().unwrap().ends_with("; style-src 'self' 'unsafe-inline'"), "{policy:?}");
    }
}
