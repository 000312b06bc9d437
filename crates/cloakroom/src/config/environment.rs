//! The environment as a source: every key as `CLOAKROOM_SECTION__KEY`, over the file and under the flags.

use toml::{Table, Value};

use super::load::{Draft, SLIP};
use super::schema::{Found, Key, Kind};
use super::sources::Source;

pub(super) const PREFIX: &str = "CLOAKROOM_";

impl Draft {
    /// `CLOAKROOM_SECTION__KEY`; of a provider, `CLOAKROOM_PROVIDER__ID__KEY`.
    pub(super) fn read_environment(&mut self, keys: &Key) {
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
                            self.sources.set(path, source);
                        }
                    }
                }
                _ => match find_path(keys, &segments) {
                    Some((found, path)) => {
                        if let Some(value) = self.parse(&found, &name, &text) {
                            self.set(&path, value, source);
                        }
                        // A key file that the environment names stands over a key in the file.
                        if let ["secret_file" | "secret_previous_file"] = *segments.as_slice() {
                            let secret = lower.trim_end_matches("_file");
                            if !self.sources.is_environment(secret) {
                                self.values.remove(secret);
                                self.sources.remove(secret);
                            }
                        }
                    }
                    None => self.judge_unknown_variable(&name, keys),
                },
            }
        }
    }

    /// The index of the provider with this id, made when there is none yet.
    fn provider(&mut self, id: &str) -> usize {
        let id = &id.replace('-', "_");
        let entry = self.values.entry("provider").or_insert_with(|| Value::Array(Vec::new()));
        let Value::Array(tables) = entry else { return 0 };
        let is_it = |table: &Value| {
            table.get("id").and_then(Value::as_str).is_some_and(|known| known.replace('-', "_") == *id)
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
}

/// The key that a variable names, and its path as the file has it: a variable has `_` where a key may have `-`.
fn find_path<'a>(keys: &'a Key, segments: &[&str]) -> Option<(Found<'a>, String)> {
    let (last, above) = segments.split_last()?;
    let mut key = keys;
    for segment in above {
        match key.find(segment) {
            Some(Found::Key(below)) if below.kind == Kind::Table => key = below,
            _ => return None,
        }
    }
    let dashed = last.replace('_', "-");
    let (name, found) = match (key.find(last), key.find(&dashed)) {
        (Some(found), _) => (*last, found),
        (None, found) => (dashed.as_str(), found?),
    };
    let is_value = !matches!(found, Found::Key(key) if key.kind == Kind::Table);
    is_value.then(|| (found, [above, &[name]].concat().join(".")))
}

fn variable_names(key: &Key, prefix: &str, names: &mut Vec<String>) {
    for below in &key.keys {
        let name = format!("{prefix}{}", below.name.to_uppercase().replace('-', "_"));
        match below.kind {
            Kind::Table => variable_names(below, &format!("{name}__"), names),
            _ => names.push(name),
        }
    }
}
