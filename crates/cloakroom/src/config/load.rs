//! Merges defaults, file, environment and flags, and remembers where each value came from, so that a complaint names
//! its place and `check` can show it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::schema::{self, Found, Key, Kind};
use super::{Config, validate};
use crate::error::{Error, Result};

const PREFIX: &str = "CLOAKROOM_";
/// What has no default.
const REQUIRED: [&str; 5] = ["public_url", "database.url", "mail.url", "mail.from", "app.name"];
/// So many changed letters apart, one name is a slip for the other.
const SLIP: usize = 2;

/// Values that come from the command line (over everything), and those that stand in for the defaults (under it).
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    flags: Vec<(&'static str, Value)>,
    defaults: Vec<(&'static str, Value)>,
}

impl Overrides {
    /// `--listen`
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.flags.push(("listen", address.to_string().into()));
        self
    }

    pub(super) fn development(directory: &Path, port: u16) -> Self {
        let within = |name: &str| directory.join(name).display().to_string();
        let defaults = vec![
            ("public_url", format!("http://localhost:{port}").into()),
            ("listen", format!("127.0.0.1:{port}").into()),
            ("secret_file", within("secret.key").into()),
            ("database.url", format!("sqlite:{}", within("cloakroom.db")).into()),
            ("mail.url", "smtp://127.0.0.1:1025".into()),
            ("mail.from", "Cloakroom <no-reply@example.test>".into()),
            ("app.name", "Cloakroom".into()),
        ];
        Self { flags: Vec::new(), defaults }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File { name: String, line: usize, column: usize },
    Environment(String),
    Flag(&'static str),
    Development,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => write!(formatter, "{name}:{line}:{column}"),
            Self::Environment(name) => write!(formatter, "env {name}"),
            Self::Flag(key) => write!(formatter, "flag --{key}"),
            Self::Development => formatter.write_str("dev"),
        }
    }
}

/// The merged configuration, and where each value comes from.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) config: Config,
    pub(super) sources: BTreeMap<String, Source>,
}

/// The configuration while it is merged.
#[derive(Default)]
struct Draft {
    values: Table,
    sources: BTreeMap<String, Source>,
    complaints: Vec<String>,
}

pub(super) fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Loaded> {
    let keys = schema::keys();
    let mut draft = Draft::default();
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
    draft.require(path);
    draft.finish(&directory)
}

impl Draft {
    fn complain(&mut self, place: impl fmt::Display, complaint: impl fmt::Display) {
        self.complaints.push(format!("{place}: {complaint}"));
    }

    /// Sets `key` or `section.key`.
    fn set(&mut self, path: &str, value: Value, source: Source) {
        let mut segments: Vec<&str> = path.split('.').collect();
        let last = segments.pop().unwrap_or_default();
        let mut table = &mut self.values;
        for segment in segments {
            let below = table.entry(segment).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(below) = below else { return };
            table = below;
        }
        table.insert(last.to_owned(), value);
        self.sources.insert(path.to_owned(), source);
    }

    fn read_file(&mut self, path: &Path, keys: &Key) -> Result<()> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Config(format!("{name}: cannot be read: {error}")))?;
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
            self.sources.insert(path.clone(), source);
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

    /// `CLOAKROOM_SECTION__KEY`; of a provider, `CLOAKROOM_PROVIDER__ID__KEY`.
    fn read_environment(&mut self, keys: &Key) {
        let mut variables: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        variables.sort_unstable();
        for (name, text) in variables {
            let lower = name[PREFIX.len()..].to_lowercase();
            let segments: Vec<&str> = lower.split("__").collect();
            let source = Source::Environment(name.clone());
            match *segments.as_slice() {
                ["provider", id, key] => {
                    let Some(Found::Key(provider)) = keys.find("provider") else { continue };
                    let Some(found) = provider.find(key) else { continue };
                    let index = self.provider(id);
                    if let Some(value) = self.parse(&found, &name, &text) {
                        let path = format!("provider.{index}.{key}");
                        if let Some(Value::Array(tables)) = self.values.get_mut("provider")
                            && let Some(Value::Table(table)) = tables.get_mut(index)
                        {
                            table.insert(key.to_owned(), value);
                            self.sources.insert(path, source);
                        }
                    }
                }
                _ => match find_path(keys, &segments) {
                    Some(found) => {
                        if let Some(value) = self.parse(&found, &name, &text) {
                            self.set(&segments.join("."), value, source);
                        }
                    }
                    None => self.judge_unknown_variable(&name, keys),
                },
            }
        }
    }

    /// The index of the provider with this id, made when there is none yet.
    fn provider(&mut self, id: &str) -> usize {
        let entry = self.values.entry("provider").or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(tables) = entry else { return 0 };
        let is_it = |table: &Value| {
            table.get("id").and_then(Value::as_str).is_some_and(|known| known.replace('-', "_") == id)
        };
        tables.iter().position(is_it).unwrap_or_else(|| {
            tables.push(Value::Table(Table::from_iter([("id".to_owned(), id.replace('_', "-").into())])));
            tables.len() - 1
        })
    }

    fn parse(&mut self, found: &Found<'_>, name: &str, text: &str) -> Option<Value> {
        let kind = match found {
            Found::Key(key) => key.kind,
            Found::FileOf(_) => Kind::Text,
        };
        let value = match kind {
            Kind::Text => Some(text.into()),
            Kind::Integer => text.trim().parse::<i64>().ok().map(Value::Integer),
            Kind::Boolean => text.trim().parse().ok().map(Value::Boolean),
            Kind::List if text.trim_start().starts_with('[') => {
                format!("list = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("list"))
            }
            Kind::List => Some(Value::Array(
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect(),
            )),
            Kind::Table | Kind::Tables => None,
        };
        if value.is_none() {
            self.complain(name, format!("must be {}", kind.described()));
        }
        value
    }

    /// Others may use our prefix (Kubernetes sets `CLOAKROOM_PORT` for a service of that name), so only what is a slip for
    /// a key of ours is refused.
    fn judge_unknown_variable(&mut self, name: &str, keys: &Key) {
        let mut names = Vec::new();
        variable_names(keys, PREFIX, &mut names);
        if let Some(meant) = names.iter().find(|known| strsim::damerau_levenshtein(known, name) <= SLIP) {
            self.complain(name, format!("unknown variable; did you mean {meant}?"));
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
                match std::fs::read_to_string(directory.join(&file)) {
                    Ok(text) => {
                        let secret = key.trim_end_matches("_file").to_owned();
                        if let Some(source) = self.sources.get(&format!("{prefix}{key}")).cloned() {
                            self.sources.insert(format!("{prefix}{secret}"), source);
                        }
                        table.insert(secret, text.trim().into());
                    }
                    Err(error) => {
                        complaints
                            .push((format!("{prefix}{key}"), format!("{file} cannot be read: {error}")));
                    }
                }
            }
        }
        for (path, complaint) in complaints {
            self.complain(self.place(&path), format!("`{path}`: {complaint}"));
        }
    }

    fn require(&mut self, path: Option<&Path>) {
        for key in REQUIRED {
            if self.sources.contains_key(key) {
                continue;
            }
            let variable = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
            let section = key.split_once('.').map(|(section, _)| section);
            let place = section.and_then(|section| self.sources.get(section)).map(ToString::to_string);
            let start = path.map_or("configuration".to_owned(), |path| format!("{}:1:1", path.display()));
            self.complain(
                place.unwrap_or(start),
                format!("missing key `{key}` (or {variable} in the environment)"),
            );
        }
    }

    /// Where the value at `path` stands, or what holds it.
    fn place(&self, path: &str) -> String {
        let mut path = path;
        loop {
            if let Some(source) = self.sources.get(path) {
                return source.to_string();
            }
            match path.rsplit_once('.') {
                Some((above, _)) => path = above,
                None => return "configuration".to_owned(),
            }
        }
    }

    fn finish(mut self, directory: &Path) -> Result<Loaded> {
        if self.complaints.is_empty() {
            let values = Value::Table(self.values.clone());
            match serde_path_to_error::deserialize::<_, Config>(values) {
                Ok(mut config) => {
                    for (path, complaint) in validate::complaints(&config) {
                        self.complain(self.place(&path), format!("`{path}`: {complaint}"));
                    }
                    if self.complaints.is_empty() {
                        config.resolve(directory);
                        return Ok(Loaded { config, sources: self.sources });
                    }
                }
                Err(error) => {
                    let path = error.path().to_string().replace(['[', ']'], ".").replace("..", ".");
                    let message = error.into_inner().message().trim().to_owned();
                    self.complain(self.place(&path), format!("`{path}`: {message}"));
                }
            }
        }
        Err(Error::Config(self.complaints.join("\n")))
    }
}

impl Config {
    fn resolve(&mut self, directory: &Path) {
        self.secret_file.0 = directory.join(&self.secret_file.0);
        self.database.url.resolve(directory);
        self.app.dir = self.app.dir.take().map(|dir: PathBuf| directory.join(dir));
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

fn find_path<'a>(keys: &'a Key, segments: &[&str]) -> Option<Found<'a>> {
    let (last, above) = segments.split_last()?;
    let mut key = keys;
    for segment in above {
        match key.find(segment) {
            Some(Found::Key(below)) if below.kind == Kind::Table => key = below,
            _ => return None,
        }
    }
    key.find(last).filter(|found| !matches!(found, Found::Key(key) if key.kind == Kind::Table))
}

fn variable_names(key: &Key, prefix: &str, names: &mut Vec<String>) {
    for below in &key.keys {
        let name = format!("{prefix}{}", below.name.to_uppercase());
        match below.kind {
            Kind::Table => variable_names(below, &format!("{name}__"), names),
            _ => names.push(name),
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
