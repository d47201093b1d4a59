//! Which files are tested together, and where most mutants must be caught.

use std::fs;
use std::path::Path;

use super::SOURCES;
use crate::command::Outcome;

/// Of a hundred mutants in a group that matters most, so many are caught.
pub(super) const BOUND: usize = 90;

/// The groups that matter most: name, files, folders. What is in none of them is `rest`.
const GROUPS: &[(&str, &[&str])] = &[
    ("seats", &["seats.rs", "plan.rs"]),
    ("tokens", &["token/"]),
    ("grants", &["authority.rs", "access.rs", "model.rs"]),
    ("decisions", &["operations/", "state/", "rules.rs", "wanted.rs", "dry_run.rs", "operation.rs"]),
];
const REST: &str = "rest";

/// Only compiled for tests.
const TESTS: &[&str] = &["testing/", "list/tests.rs"];

/// Files that one run of cargo-mutants changes.
pub(super) struct Run {
    pub(super) name: String,
    pub(super) files: Vec<String>,
    pub(super) bounded: bool,
}

/// What was asked for, by name of a group or of a file; everything, if nothing was.
pub(super) fn runs(root: &Path, asked: &[&str]) -> Outcome<Vec<Run>> {
    let sources = sources(&root.join(SOURCES))?;
    let names = GROUPS.iter().map(|(name, _)| *name).chain([REST]);
    let all: Vec<Run> = names.map(|name| group(name, &sources)).collect();
    if asked.is_empty() {
        return Ok(all);
    }
    asked.iter().map(|asked| one(asked, &all)).collect()
}

fn one(asked: &str, all: &[Run]) -> Outcome<Run> {
    let file = asked.strip_prefix(SOURCES).unwrap_or(asked);
    for run in all {
        if run.name == asked {
            return Ok(Run { name: run.name.clone(), files: run.files.clone(), bounded: run.bounded });
        }
        if run.files.iter().any(|one| one == file) {
            return Ok(Run { name: file.to_owned(), files: vec![file.to_owned()], bounded: false });
        }
    }
    let groups: Vec<_> = all.iter().map(|run| run.name.as_str()).collect();
    Err(format!("{asked} is neither a group ({}) nor a file below {SOURCES}", groups.join(", ")).into())
}

fn group(name: &str, sources: &[String]) -> Run {
    let files = sources.iter().filter(|file| group_of(file) == name).cloned().collect();
    Run { name: name.to_owned(), files, bounded: name != REST }
}

fn group_of(file: &str) -> &'static str {
    GROUPS.iter().find(|(_, paths)| is_in(file, paths)).map_or(REST, |(name, _)| name)
}

/// A path that ends with `/` stands for what is in that folder.
fn is_in(file: &str, paths: &[&str]) -> bool {
    paths.iter().any(|path| file == *path || path.ends_with('/') && file.starts_with(path))
}

/// Every source of the crate but its tests, seen from `src`, in order.
fn sources(folder: &Path) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    collect(folder, "", &mut found)?;
    found.retain(|file| !is_in(file, TESTS));
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, above: &str, found: &mut Vec<String>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else if name.ends_with(".rs") {
            found.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::workspace_root;

    #[test]
    fn every_source_is_in_one_group_and_every_path_is_a_source() {
        let sources = sources(&workspace_root().join(SOURCES)).unwrap();
        let runs = runs(workspace_root(), &[]).unwrap();
        let mut grouped = runs.iter().flat_map(|run| run.files.clone()).collect::<Vec<_>>();
        grouped.sort();
        assert_eq!(grouped, sources);
        for path in GROUPS.iter().flat_map(|(_, paths)| *paths) {
            assert!(sources.iter().any(|file| is_in(file, &[path])), "{path}");
        }
        assert!(!sources.iter().any(|file| file.contains("test")), "{sources:?}");
    }

    #[test]
    fn groups_and_files_are_asked_for_by_name() {
        let asked = |what: &str| runs(workspace_root(), &[what]).map(|mut runs| runs.pop().unwrap());
        let seats = asked("seats").unwrap();
        assert_eq!(seats.files, ["plan.rs", "seats.rs"]);
        assert!(seats.bounded && !asked(REST).unwrap().bounded);
        let file = asked("operations/invite.rs").unwrap();
        assert_eq!(
            (file.files.as_slice(), file.bounded),
            (["operations/invite.rs".to_owned()].as_slice(), false)
        );
        assert_eq!(asked("crates/invite-core/src/plan.rs").unwrap().name, "plan.rs");
        assert!(asked("elsewhere.rs").is_err());
    }
}
