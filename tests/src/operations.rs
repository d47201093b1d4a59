//! Which operations there are, and which codes of refusals.

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

/// Every code that a refusal can have, as `invite-core` declares it: those of the reasons, and of the states of a link.
pub fn codes() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/invite-core/src");
    let quoted = |file: &str| {
        let text = fs::read_to_string(format!("{folder}/{file}")).unwrap();
        text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let is_code = |text: &String| {
        let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        text.split('-').all(part)
    };
    let links = quoted("row/link.rs").into_iter().filter(|text| text.starts_with("link-"));
    quoted("refusal/reasons.rs").into_iter().filter(is_code).chain(links).collect()
}
