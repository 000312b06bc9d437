//! Public types may grow without breaking an app that embeds the library.

use super::sources;

/// Types that are complete: another field or variant would be another type.
const COMPLETE: [&str; 7] = ["Rate", "Width", "Outcome", "Format", "Clock", "TestApp", "Call"];

/// The public structs with public fields, and the public enums, that are not `#[non_exhaustive]`.
fn closed(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((kind, rest)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let name = rest.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
        let mut body = lines[index + 1..].iter().take_while(|line| **line != "}");
        let may_grow = match kind {
            "enum" => true,
            "struct" => rest.ends_with('{') && body.any(|line| line.starts_with("    pub ")),
            _ => false,
        };
        let mut attributes =
            lines[..index].iter().rev().take_while(|line| line.starts_with(['#', '/', ')', ' ']));
        if may_grow && !attributes.any(|line| *line == "#[non_exhaustive]") && !COMPLETE.contains(&name) {
            found.push(name.to_owned());
        }
    }
    found
}

#[test]
fn finding_v16_public_types_may_grow() {
    let found: Vec<String> = sources()
        .into_iter()
        .flat_map(|(file, text)| closed(&text).into_iter().map(move |name| format!("{file}: {name}")))
        .collect();
    assert!(found.is_empty(), "not #[non_exhaustive]:\n{}", found.join("\n"));
}

#[test]
fn a_closed_type_is_found() {
    let open = "/// Docs.\n#[non_exhaustive]\npub enum Open {\n    One,\n}\n";
    assert_eq!(closed(open), Vec::<String>::new());
    assert_eq!(closed("pub enum Closed {\n    One,\n}\n"), ["Closed"]);
    assert_eq!(closed("pub struct Fields {\n    pub one: u8,\n}\n"), ["Fields"]);
    assert_eq!(closed("pub struct Opaque {\n    one: u8,\n}\n"), Vec::<String>::new());
}
