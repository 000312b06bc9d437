//! The reference page `docs/reference/events.md` lists every event type.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_reference_lists_every_type_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/events.md");
    let page = fs::read_to_string(path).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let listed: BTreeSet<&str> = rows.map(|(name, _)| name).collect();
    assert_eq!(listed, cloakroom::audit::types().collect());
}
