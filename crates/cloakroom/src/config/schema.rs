//! The keys that exist, read off the structs: their kinds, their docs, which of them are secret.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Config;

/// The kind of value that a key takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Integer,
    Boolean,
    List,
    Table,
    /// `[[provider]]`
    Tables,
}

impl Kind {
    /// For a complaint: "must be …".
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::List => "a list in brackets",
            Self::Table => "a section",
            Self::Tables => "a list of sections, each headed [[…]]",
        }
    }
}

/// A key, and those below it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_secret: bool,
    pub(super) doc: String,
    pub(super) keys: Vec<Key>,
}

/// A key found by name.
pub(super) enum Found<'a> {
    Key(&'a Key),
    /// `x_file` for the secret `x`: a file with its value.
    FileOf(&'a Key),
}

impl Key {
    pub(super) fn find(&self, name: &str) -> Option<Found<'_>> {
        let named = |name: &str| self.keys.iter().find(|key| key.name == name);
        named(name).map(Found::Key).or_else(|| {
            let secret = named(name.strip_suffix("_file")?)?;
            secret.is_secret.then_some(Found::FileOf(secret))
        })
    }
}

/// The JSON Schema of the file.
pub(super) fn of_config() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// All keys.
pub(super) fn keys() -> Key {
    read("", &of_config())
}

fn read(name: &str, schema: &Value) -> Key {
    let is_a = |kind: &str| match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => false,
    };
    let items = &schema["items"];
    let (kind, below) = if schema["properties"].is_object() {
        (Kind::Table, schema)
    } else if items["properties"].is_object() {
        (Kind::Tables, items)
    } else if is_a("array") {
        (Kind::List, &Value::Null)
    } else if is_a("integer") {
        (Kind::Integer, &Value::Null)
    } else if is_a("boolean") {
        (Kind::Boolean, &Value::Null)
    } else {
        (Kind::Text, &Value::Null)
    };
    let properties = below["properties"].as_object();
    Key {
        name: name.to_owned(),
        kind,
        is_secret: schema["writeOnly"] == true,
        doc: schema["description"].as_str().unwrap_or_default().replace('\n', " "),
        keys: properties.into_iter().flatten().map(|(name, schema)| read(name, schema)).collect(),
    }
}
