//! Merges defaults, file, environment and flags, and remembers where each value came from.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::environment::PREFIX;
use super::schema::{self, Found, Key, Kind};
use super::sources::{Source, Sources};
use super::{Complaint, Config, MAILBOX, PipelineStep};
use crate::error::{Error, Result};
use crate::files;

/// The keys that have no default.
const REQUIRED: [&str; 5] = ["public_url", "database.url", "mail.url", "mail.from", "app.name"];
/// So many changed letters apart, one name is a slip for the other.
pub(super) const SLIP: usize = 2;

/// Values that come from the command line (over everything), and those that stand in for the defaults (under it).
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    flags: Vec<(&'static str, Value)>,
    defaults: Vec<(&'static str, Value)>,
    is_development: bool,
}

impl Overrides {
    /// `--listen`
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.flags.push(("listen", address.to_string().into()));
        self
    }

    pub(crate) fn development(directory: &Path, port: u16) -> Self {
        let within = |name: &str| directory.join(name).display().to_string();
        let defaults = vec![
            ("public_url", format!("http://localhost:{port}").into()),
            ("listen", format!("127.0.0.1:{port}").into()),
            ("secret_file", within("secret.key").into()),
            ("database.url", format!("sqlite:{}", within("cloakroom.db")).into()),
            ("mail.url", MAILBOX.into()),
            ("mail.from", "Cloakroom <no-reply@example.test>".into()),
            ("app.name", "Cloakroom".into()),
        ];
        Self { flags: Vec::new(), defaults, is_development: true }
    }
}

/// The configuration while it is merged.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) values: Table,
    pub(super) sources: Sources,
    complaints: Vec<String>,
    is_development: bool,
}

/// Complains about a configuration that every value of is well formed; `true` where mails may be kept instead of sent.
pub(crate) type Judge = fn(&Config, bool) -> Vec<Complaint>;

/// Merges the sources, and has the result judged.
///
/// # Errors
/// [`Error::Config`]: one complaint a line.
pub(crate) fn load(path: Option<&Path>, overrides: &Overrides, judge: Judge) -> Result<Config> {
    let keys = schema::keys();
    let mut draft = Draft { is_development: overrides.is_development, ..Draft::default() };
    draft.sources.start = path.map(|path| format!("{}:1:1", path.display()));
    draft.sources.file = path.map(Path::to_path_buf);
    for (key, value) in &overrides.defaults {
        draft.set(key, value.clone(), Source::Development);
    }
    if let Some(path) = path {
        draft.read_file(path, &keys)?;
    }
    draft.read_environment(&keys);
    for (key, value) in &overrides.flags {
        draft.set(key, value.clone(), Source::Flag(key));
    }
    let directory = path.and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
    draft.read_secret_files(&directory);
    draft.require();
    draft.finish(&directory, judge)
}

impl Draft {
    pub(super) fn complain(&mut self, place: impl fmt::Display, complaint: impl fmt::Display) {
        self.complaints.push(format!("{place}: {complaint}"));
    }

    fn complain_about(&mut self, path: &str, complaint: impl fmt::Display) {
        self.complaints.push(self.sources.complaint(path, complaint));
    }

    /// Sets `key` or `section.key`.
    pub(super) fn set(&mut self, path: &str, value: Value, source: Source) {
        let mut segments: Vec<&str> = path.split('.').collect();
        let last = segments.pop().unwrap_or_default();
        let mut table = &mut self.values;
        for segment in segments {
            let below = table.entry(segment).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(below) = below else { return };
            table = below;
        }
        table.insert(last.to_owned(), value);
        self.sources.set(path, source);
    }

    fn read_file(&mut self, path: &Path, keys: &Key) -> Result<()> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::Config(format!("{name}: cannot be read: {error}{}", beginning(&error)))
        })?;
        let file = File { name: &name, text: &text };
        let syntax = |error: toml::de::Error| {
            let place = file.place(error.span().map_or(0, |span| span.start));
            Error::Config(format!("{place}: {}", error.message()))
        };
        let spans = DeTable::parse(&text).map_err(syntax)?;
        let values: Table = text.parse().map_err(syntax)?;
        self.check(&file, keys, spans.get_ref(), "");
        merge(&mut self.values, values);
        Ok(())
    }

    /// Checks names and kinds of one table of the file, and notes where its values stand.
    fn check(&mut self, file: &File<'_>, keys: &Key, table: &DeTable<'_>, prefix: &str) {
        for (name, value) in table {
            let path = format!("{prefix}{}", name.get_ref());
            let source = file.place(name.span().start);
            let (key, kind) = match keys.find(name.get_ref()) {
                Some(Found::Key(key)) => (key, key.kind),
                Some(Found::FileOf(key)) => (key, Kind::Text),
                None => {
                    self.complain(source, format!("unknown key `{path}`{}", meant(keys, name.get_ref())));
                    continue;
                }
            };
            self.sources.set(path.clone(), source);
            match (kind, value.get_ref()) {
                (Kind::Table, DeValue::Table(below)) => self.check(file, key, below, &format!("{path}.")),
                (Kind::Tables, DeValue::Array(tables)) => {
                    for (index, below) in tables.iter().enumerate() {
                        if let DeValue::Table(below) = below.get_ref() {
                            self.check(file, key, below, &format!("{path}.{index}."));
                        }
                    }
                }
                (Kind::Text, DeValue::String(_))
                | (Kind::Integer, DeValue::Integer(_))
                | (Kind::Boolean, DeValue::Boolean(_))
                | (Kind::List, DeValue::Array(_)) => {}
                (kind, found) => {
                    let place = file.place(value.span().start);
                    let found = found.type_str();
                    self.complain(place, format!("`{path}` must be {}, not {found}", kind.described()));
                }
            }
        }
    }

    /// Reads each `x_file` into the secret `x`, except the key file, which may be made later.
    fn read_secret_files(&mut self, directory: &Path) {
        let mut sections: Vec<(String, &mut Table)> = Vec::new();
        for (name, value) in &mut self.values {
            match value {
                Value::Table(table) => sections.push((format!("{name}."), table)),
                Value::Array(tables) if name == "provider" => {
                    let tables = tables.iter_mut().filter_map(Value::as_table_mut).enumerate();
                    sections.extend(tables.map(|(index, table)| (format!("{name}.{index}."), table)));
                }
                _ => {}
            }
        }
        let mut complaints = Vec::new();
        for (prefix, table) in sections {
            let files: Vec<String> = table.keys().filter(|key| key.ends_with("_file")).cloned().collect();
            for key in files {
                let Some(Value::String(file)) = table.remove(&key) else { continue };
                let is_environment = |name: &str| self.sources.is_environment(&format!("{prefix}{name}"));
                // The environment's secret stands over a file that only the file names.
                if is_environment(key.trim_end_matches("_file")) && !is_environment(&key) {
                    continue;
                }
                match read_secret(&directory.join(&file)) {
                    Ok(text) => {
                        let secret = key.trim_end_matches("_file").to_owned();
                        if let Some(source) = self.sources.get(&format!("{prefix}{key}")).cloned() {
                            self.sources.set(format!("{prefix}{secret}"), source);
                        }
                        table.insert(secret, text.into());
                    }
                    Err(error) => {
                        complaints.push((format!("{prefix}{key}"), format!("{file} {error}")));
                    }
                }
            }
        }
        for (path, complaint) in complaints {
            self.complain_about(&path, complaint);
        }
    }

    fn require(&mut self) {
        for key in REQUIRED {
            if self.sources.get(key).is_some() {
                continue;
            }
            let variable = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
            match self.sources.place(key) {
                Some(place) => {
                    self.complain(place, format!("missing key `{key}` (or {variable} in the environment)"));
                }
                None => self.complain(
                    "configuration",
                    format!("missing key `{key}`: give a file with -c, or {variable} in the environment"),
                ),
            }
        }
    }

    fn finish(mut self, directory: &Path, judge: Judge) -> Result<Config> {
        if self.complaints.is_empty() {
            let values = Value::Table(self.values.clone());
            match serde_path_to_error::deserialize::<_, Config>(values) {
                Ok(mut config) => {
                    config.resolve(directory);
                    config.development = self.is_development;
                    // In `dev` mails are kept, for `/dev/mail` to show.
                    for Complaint { key, told } in judge(&config, self.is_development) {
                        self.complain_about(&key, told);
                    }
                    if self.complaints.is_empty() {
                        config.sources = self.sources;
                        return Ok(config);
                    }
                }
                Err(error) => {
                    let path = error.path().to_string().replace('[', ".").replace(']', "");
                    let message = error.into_inner().message().trim().to_owned();
                    self.complain_about(&path, message);
                }
            }
        }
        Err(Error::Config(self.complaints.join("\n")))
    }
}

impl Config {
    fn resolve(&mut self, directory: &Path) {
        self.secret_file.0 = directory.join(&self.secret_file.0);
        self.secret_previous_file = self.secret_previous_file.take().map(|file| directory.join(file));
        self.database.url.resolve(directory);
        let app = &mut self.app;
        for path in [&mut app.dir, &mut app.logo, &mut app.logo_dark, &mut app.icon] {
            *path = path.take().map(|path: PathBuf| directory.join(path));
        }
        for step in &mut self.pipeline.steps {
            if let PipelineStep::Webhook { secret_file, .. } = step {
                *secret_file = directory.join(&*secret_file);
            }
        }
    }
}

/// A file, to turn offsets into places.
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn place(&self, offset: usize) -> Source {
        let before = &self.text[..offset.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Source::File { name: self.name.to_owned(), line, column }
    }
}

/// Returns what to do where there is no file yet.
fn beginning(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "; `cloakroom check --example` prints one to start from",
        _ => "",
    }
}

/// Lays `over` on `under`, section by section.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// The key that was probably meant: one spelled alike in the same section, or of the same name in another one.
fn meant(keys: &Key, name: &str) -> String {
    let nearest = keys
        .keys
        .iter()
        .map(|key| (strsim::damerau_levenshtein(&key.name, name), &key.name))
        .filter(|(distance, known)| *distance <= SLIP.max(known.len() / 3))
        .min();
    if let Some((_, known)) = nearest {
        return format!("; did you mean `{known}`?");
    }
    let elsewhere = schema::keys()
        .keys
        .into_iter()
        .find(|section| section.kind == Kind::Table && section.keys.iter().any(|key| key.name == name));
    if let Some(section) = elsewhere {
        return format!("; did you mean `{name}` in section [{}]?", section.name);
    }
    let known: Vec<String> = keys.keys.iter().map(|key| format!("`{}`", key.name)).collect();
    format!("; known here are {}", known.join(", "))
}

/// Reads a secret that is text, without the white space around it.
///
/// # Errors
/// A sentence, to follow the name of the file, when it may be read by others, is empty, or cannot be read.
pub(crate) fn read_secret(path: &Path) -> std::result::Result<String, String> {
    let text = String::from_utf8(files::read_secret(path)?).map_err(|_| "is not text".to_owned())?;
    match text.trim() {
        "" => Err("is empty".to_owned()),
        secret => Ok(secret.to_owned()),
    }
}
