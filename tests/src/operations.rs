//! Which operations there are.

use std::collections::BTreeSet;
use std::fs;

/// The name of every operation, as `invite-core` declares it: whoever has a table of all compares it with these.
pub fn operations() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/invite-core/src/operations");
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("const NAME: &'static str = \""));
        names.extend(lines.filter_map(|line| line.split('"').next().map(str::to_owned)));
    }
    names
}
