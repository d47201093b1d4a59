//! `cargo xtask api`: the public API of every published crate, as text in `api/`.
//!
//! Whoever changes what users can call sees it in the difference, and says it in the changelog.

mod listing;
mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::arrows::{Workspace, rustdoc};
use crate::command::Outcome;

const FOLDER: &str = "api";
const CHANGELOG: &str = "CHANGELOG.md";

/// Compares the text with the committed one, or writes it with `--update`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let texts = texts(&root.join("Cargo.toml"))?;
    match arguments {
        [] => compare(root, &texts)?,
        ["--update"] => return update(&root.join(FOLDER), &texts),
        other => return Err(format!("no such option: {}", other.join(" ")).into()),
    }
    match is_undeclared(root)? {
        Some(true) => {
            return Err(format!(
                "the public API has changed, and {CHANGELOG} says nothing of it; write an entry under `Unreleased`"
            )
            .into());
        }
        Some(false) => {}
        None => println!("api: history not available, {CHANGELOG} not asked"),
    }
    println!("api: {} crates offer what {FOLDER}/ says", texts.len());
    Ok(())
}

/// The text of each published crate, by the name of its file.
fn texts(manifest: &Path) -> Outcome<BTreeMap<String, String>> {
    let workspace = Workspace::read(manifest)?;
    let mut texts = BTreeMap::new();
    for package in workspace.packages.iter().filter(|package| package.published) {
        let Some(library) = package.library.as_deref() else { continue };
        let docs = rustdoc(manifest, &workspace, &package.name, library)?;
        let lines = listing::lines(&docs).filter(|lines| !lines.is_empty()).ok_or(
            "the output of rustdoc has another form than expected; see crates/xtask/src/api/, and try the toolchain of \
             `rust-version`",
        )?;
        texts.insert(format!("{}.txt", package.name), lines.join("\n") + "\n");
    }
    Ok(texts)
}

fn compare(root: &Path, texts: &BTreeMap<String, String>) -> Outcome {
    let committed = committed(&root.join(FOLDER))?;
    let names: BTreeSet<_> = texts.keys().chain(committed.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        let lines = |texts: &BTreeMap<String, String>| {
            texts.get(name).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default()
        };
        let (before, after): (BTreeSet<String>, BTreeSet<String>) = (lines(&committed), lines(texts));
        differences.extend(before.difference(&after).map(|line| format!("{name}: - {line}")));
        differences.extend(after.difference(&before).map(|line| format!("{name}: + {line}")));
    }
    if differences.is_empty() {
        return Ok(());
    }
    println!("{}", differences.join("\n"));
    Err(format!(
        "the public API is not what {FOLDER}/ says; if that is meant, run `cargo xtask api --update` and write an entry \
         in {CHANGELOG}"
    )
    .into())
}

fn update(folder: &Path, texts: &BTreeMap<String, String>) -> Outcome {
    for stale in committed(folder)?.keys().filter(|name| !texts.contains_key(*name)) {
        fs::remove_file(folder.join(stale))?;
    }
    fs::create_dir_all(folder)?;
    for (name, text) in texts {
        fs::write(folder.join(name), text)?;
    }
    println!("api: written to {FOLDER}/; if it changed, write an entry in {CHANGELOG}");
    Ok(())
}

fn committed(folder: &Path) -> Outcome<BTreeMap<String, String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut texts = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        texts.insert(entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
    }
    Ok(texts)
}

/// Whether the texts have changed since the changelog did: the last change of the texts, committed or not, has to come
/// with one of the changelog, or before one.
///
/// `None` where that change is not to be seen, as in a shallow clone, in the first commit or outside of git.
fn is_undeclared(root: &Path) -> Outcome<Option<bool>> {
    let Some(uncommitted) = git(root, &["status", "--porcelain", "--", FOLDER])? else { return Ok(None) };
    let base = if uncommitted.is_empty() {
        match git(root, &["log", "-1", "--format=%H", "--", FOLDER])? {
            Some(last) if !last.is_empty() => format!("{last}^"),
            _ => return Ok(None),
        }
    } else {
        "HEAD".to_owned()
    };
    let changed = git(root, &["diff", "--name-only", &base, "--", CHANGELOG])?;
    Ok(changed.map(|changed| changed.is_empty()))
}

/// What git says, or `None` where it cannot say it: no git, no repository, no such commit.
fn git(root: &Path, arguments: &[&str]) -> Outcome<Option<String>> {
    let output = match Command::new("git").current_dir(root).args(arguments).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let said = String::from_utf8(output.stdout)?;
    Ok(Some(said.trim().to_owned()).filter(|_| output.status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(root: &Path, files: &[(&str, &str)]) {
        write(root, files);
        for arguments in [["add", "--all"].as_slice(), &["commit", "--quiet", "--message", "x"]] {
            let identity =
                ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgSign=false"];
            assert!(git(root, &[&identity, arguments].concat()).unwrap().is_some());
        }
    }

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
    }

    #[test]
    fn a_change_of_the_texts_wants_one_of_the_changelog() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &[("api/a.txt", "1")]);
        assert_eq!(is_undeclared(root).unwrap(), None, "no history");
        git(root, &["init", "--quiet"]).unwrap().unwrap();
        commit(root, &[("api/a.txt", "1"), (CHANGELOG, "1")]);
        assert_eq!(is_undeclared(root).unwrap(), None, "the first commit has nothing before it");
        write(root, &[("api/a.txt", "2")]);
        assert_eq!(is_undeclared(root).unwrap(), Some(true), "not committed");
        write(root, &[(CHANGELOG, "2")]);
        assert_eq!(is_undeclared(root).unwrap(), Some(false), "not committed, with an entry");
        commit(root, &[]);
        assert_eq!(is_undeclared(root).unwrap(), Some(false), "committed together");
        commit(root, &[("api/a.txt", "3")]);
        commit(root, &[("other", "1")]);
        assert_eq!(is_undeclared(root).unwrap(), Some(true), "committed without");
        commit(root, &[(CHANGELOG, "3")]);
        assert_eq!(is_undeclared(root).unwrap(), Some(false), "made up for");
    }

    #[test]
    fn a_shallow_clone_is_not_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, shallow) = (folder.path().join("whole"), folder.path().join("shallow"));
        fs::create_dir(&whole).unwrap();
        git(&whole, &["init", "--quiet"]).unwrap().unwrap();
        commit(&whole, &[("api/a.txt", "1"), (CHANGELOG, "1")]);
        commit(&whole, &[("api/a.txt", "2")]);
        let url = format!("file://{}", whole.display());
        git(folder.path(), &["clone", "--quiet", "--depth", "1", &url, "shallow"]).unwrap().unwrap();
        assert_eq!(is_undeclared(&whole).unwrap(), Some(true));
        assert_eq!(is_undeclared(&shallow).unwrap(), None);
    }

    #[test]
    fn a_difference_of_any_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let text = |text: &str| BTreeMap::from([("a.txt".to_owned(), text.to_owned())]);
        update(&folder.path().join(FOLDER), &text("fn a()\n")).unwrap();
        assert!(compare(folder.path(), &text("fn a()\n")).is_ok());
        assert!(compare(folder.path(), &text("fn a(u8)\n")).is_err());
        write(folder.path(), &[("api/gone.txt", "fn b()\n")]);
        assert!(compare(folder.path(), &text("fn a()\n")).is_err());
        update(&folder.path().join(FOLDER), &text("fn a()\n")).unwrap();
        assert!(compare(folder.path(), &text("fn a()\n")).is_ok());
    }
}
