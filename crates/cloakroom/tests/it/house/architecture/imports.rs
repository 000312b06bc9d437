//! Reads which file of the library names which, re-exports resolved.

use std::collections::BTreeMap;
use std::fmt;

use super::sources;

/// A source file, as its path below `src/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File(String);

impl From<&str> for File {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

impl fmt::Display for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "src/{}", self.0)
    }
}

impl File {
    /// The folder directly below `src/`, or the file itself without its extension.
    pub(super) fn room(&self) -> &str {
        self.0.split(['/', '.']).next().unwrap_or_default()
    }
}

/// One file that names an item of another.
pub(super) struct Edge {
    pub(super) from: File,
    pub(super) to: File,
    pub(super) line: usize,
}

/// Every edge of the library. Tests inside a file and comments are left out.
pub(super) fn edges() -> Vec<Edge> {
    let files: BTreeMap<String, String> =
        sources().into_iter().map(|(name, text)| (name, code_of(&text))).collect();
    let mut edges = Vec::new();
    for (name, text) in &files {
        for (line, path) in paths(text) {
            let to = resolve(&files, &path);
            if to != *name {
                edges.push(Edge { from: File(name.clone()), to: File(to), line });
            }
        }
    }
    edges
}

/// The text without comments, and without the tests at its end.
fn code_of(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end].lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Every path that begins with `crate::`, with its line; a group in braces is one path for each of its parts.
fn paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        // `$crate::` of a macro leads to the same places; `pub(in crate::…)` names nothing.
        if code[..start].ends_with("in ") {
            continue;
        }
        let line = code[..start].matches('\n').count() + 1;
        let mut rest = &code[start + "crate::".len()..];
        expand(&mut rest, &mut Vec::new(), &mut |path| found.push((line, path.to_vec())));
    }
    found
}

/// Reads one tree of a `use` from the start of `text`, and gives each path in it to `found`.
fn expand(text: &mut &str, before: &mut Vec<String>, found: &mut impl FnMut(&[String])) {
    let depth = before.len();
    loop {
        *text = text.trim_start();
        if let Some(inside) = text.strip_prefix('{') {
            *text = inside;
            while !text.trim_start().starts_with('}') && !text.is_empty() {
                expand(text, before, found);
                *text = text.trim_start().trim_start_matches(',');
            }
            *text = text.trim_start().strip_prefix('}').unwrap_or_default();
            break;
        }
        let end = text.find(|character: char| !character.is_alphanumeric() && character != '_');
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        before.push(name.to_owned());
        *text = rest;
        let Some(next) = rest.strip_prefix("::") else {
            found(before);
            // A new name changes nothing of where it leads.
            if let Some(renamed) = text.trim_start().strip_prefix("as ") {
                let end = renamed.find([',', '}', ';']).unwrap_or(renamed.len());
                *text = &renamed[end..];
            }
            break;
        };
        if !next
            .starts_with(|character: char| character.is_alphabetic() || character == '_' || character == '{')
        {
            found(before);
            break;
        }
        *text = next;
    }
    before.truncate(depth);
}

/// The file that defines what a path names: down through modules, and through what they re-export.
fn resolve(files: &BTreeMap<String, String>, path: &[String]) -> String {
    let mut module = String::new();
    let mut file = "lib.rs".to_owned();
    let mut names: Vec<String> = path.to_vec();
    while let Some(name) = names.first().cloned() {
        if let Some((inner, found)) = child(files, &module, &name) {
            (module, file) = (inner, found);
            names.remove(0);
        } else if let Some(through) = re_exported(&files[&file], &name) {
            names.splice(0..1, through);
        } else {
            break;
        }
    }
    file
}

/// The module `name` inside of `module`, and its file.
fn child(files: &BTreeMap<String, String>, module: &str, name: &str) -> Option<(String, String)> {
    let inner = if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") };
    let file = [format!("{inner}.rs"), format!("{inner}/mod.rs")]
        .into_iter()
        .find(|file| files.contains_key(file))?;
    Some((inner, file))
}

/// The path behind `name` where a module says `pub use …::name`, below that module; `None` when it says no such thing.
fn re_exported(text: &str, name: &str) -> Option<Vec<String>> {
    for (start, _) in text.match_indices("use ") {
        let is_public = text[..start].ends_with("pub ")
            || text[..start].ends_with("pub(crate) ")
            || text[..start].ends_with("pub(super) ");
        if !is_public {
            continue;
        }
        let mut tree = &text[start + "use ".len()..];
        let whole = tree;
        let mut through = None;
        expand(&mut tree, &mut Vec::new(), &mut |path| {
            if path.last().is_some_and(|last| last == name) && path.len() > 1 {
                through = Some(path.to_vec());
            }
        });
        // `pub use a::B as name`.
        let statement = &whole[..whole.find(';').unwrap_or(whole.len())];
        if through.is_none() && statement.contains(&format!(" as {name}")) {
            let first = statement.split("::").next().unwrap_or_default();
            through = Some(vec![first.to_owned()]);
        }
        if let Some(mut path) = through {
            path.retain(|segment| segment != "self" && segment != "crate");
            // Its last name may be an item: what stands before it leads to the file.
            return Some(path);
        }
    }
    None
}

#[test]
fn paths_are_read_out_of_groups_and_of_code() {
    let code = "use crate::{http, store::{Tx, db::query as ask}};\nlet x = crate::mail::check(crate::secret::new_id());";
    let found: Vec<String> =
        paths(code).into_iter().map(|(line, path)| format!("{line} {}", path.join("::"))).collect();
    let expected = ["1 http", "1 store::Tx", "1 store::db::query", "2 mail::check", "2 secret::new_id"];
    assert_eq!(found, expected);
}

#[test]
fn a_re_export_leads_to_the_file_behind_it() {
    let files = [
        ("lib.rs", "pub use store::Tx;"),
        ("store/mod.rs", "pub(crate) use db::{Db, Tx};"),
        ("store/db.rs", ""),
    ];
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let resolved = |path: &str| resolve(&files, &path.split("::").map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(resolved("store::Tx"), "store/db.rs");
    assert_eq!(resolved("store::db::query"), "store/db.rs");
    assert_eq!(resolved("Tx"), "store/db.rs");
    assert_eq!(resolved("store::Store"), "store/mod.rs");
}
