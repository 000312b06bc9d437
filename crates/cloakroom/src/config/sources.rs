//! The source of each value of a configuration. A complaint names it, and `check` shows it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The source of a value.
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

/// The sources by `key`, `section.key` or `provider.0.key`; none for what is a default, or was filled in by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    of: BTreeMap<String, Source>,
    /// The head of the file: the place of complaints about a value that is written nowhere.
    pub(super) start: Option<String>,
    /// The file itself.
    pub(super) file: Option<PathBuf>,
}

impl Sources {
    pub(super) fn set(&mut self, path: impl Into<String>, source: Source) {
        self.of.insert(path.into(), source);
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.of.remove(path);
    }

    pub(super) fn get(&self, path: &str) -> Option<&Source> {
        self.of.get(path)
    }

    pub(super) fn is_environment(&self, path: &str) -> bool {
        matches!(self.of.get(path), Some(Source::Environment(_)))
    }

    /// Tells whether the value at `path` stands in the file.
    pub(super) fn is_file(&self, path: &str) -> bool {
        matches!(self.of.get(path), Some(Source::File { .. }))
    }

    /// Returns the place of the value at `path`, or of the section that holds it.
    pub(super) fn place(&self, path: &str) -> Option<String> {
        let above = std::iter::successors(Some(path), |path| path.rsplit_once('.').map(|(above, _)| above));
        let found = above.into_iter().find_map(|path| self.of.get(path));
        found.map(ToString::to_string).or_else(|| self.start.clone())
    }

    /// A complaint about the value at `path`, with its place.
    pub(super) fn complaint(&self, path: &str, complaint: impl fmt::Display) -> String {
        match self.place(path) {
            Some(place) => format!("{place}: `{path}`: {complaint}"),
            None => format!("`{path}`: {complaint}"),
        }
    }
}
