//! The list of survivors that are accepted, and how it compares with what survived.

use std::collections::BTreeMap;

use super::{Fate, Tested};
use crate::command::Outcome;

/// A line each: the mutant between backquotes, then why no test is to catch it.
pub(super) const FILE: &str = "crates/invite-core/mutants.md";

/// How often each mutant is listed: two operators of one function may bear the same name.
pub(super) struct Listed<'a>(BTreeMap<&'a str, usize>);

impl<'a> Listed<'a> {
    pub(super) fn read(text: &'a str) -> Outcome<Self> {
        let mut listed = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("- ")) {
            let (mutant, reason) = line
                .strip_prefix("- `")
                .and_then(|line| line.split_once("`: "))
                .ok_or_else(|| format!("{FILE}: not of the form \"- `mutant`: reason\": {line}"))?;
            if reason.trim().is_empty() {
                return Err(format!("{FILE}: no reason: {line}").into());
            }
            *listed.entry(mutant).or_default() += 1;
        }
        Ok(Self(listed))
    }

    /// Survivors that are not listed, and listed ones that are caught now, of files that were tested.
    pub(super) fn findings(&self, tested: &[Tested]) -> Vec<String> {
        let mut survived = BTreeMap::<&str, usize>::new();
        for one in tested {
            *survived.entry(&one.mutant).or_default() += usize::from(one.fate == Fate::Survived);
        }
        let mut findings = Vec::new();
        for (mutant, count) in &survived {
            let listed = self.0.get(mutant).copied().unwrap_or(0);
            match count.cmp(&listed) {
                std::cmp::Ordering::Greater => {
                    findings.push(format!("survived, {count} times, listed {listed}: {mutant}"));
                }
                std::cmp::Ordering::Less => {
                    findings.push(format!("listed, {listed} times, survived {count}: {mutant}"));
                }
                std::cmp::Ordering::Equal => {}
            }
        }
        let file = |mutant: &str| mutant.split_once(':').map(|(file, _)| file.to_owned());
        let gone = self.0.keys().filter(|mutant| !survived.contains_key(*mutant));
        for mutant in gone.filter(|mutant| survived.keys().any(|other| file(other) == file(mutant))) {
            findings.push(format!("listed, and there is no such mutant: {mutant}"));
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::workspace_root;

    fn tested(mutant: &str, fate: Fate) -> Tested {
        Tested { mutant: mutant.to_owned(), fate }
    }

    #[test]
    fn survivors_and_the_list_are_the_same() {
        let text =
            "# Title\n\n- `a.rs: x`: equal\n- `a.rs: y`: equal\n- `a.rs: y`: equal\n- `b.rs: z`: rare\n";
        let listed = Listed::read(text).unwrap();
        let x = || tested("a.rs: x", Fate::Survived);
        let y = |fate| tested("a.rs: y", fate);
        let same = [x(), y(Fate::Survived), y(Fate::Survived), tested("a.rs: w", Fate::Caught)];
        assert_eq!(listed.findings(&same), Vec::<String>::new());
        assert_eq!(
            listed.findings(&[y(Fate::Survived), y(Fate::TimedOut), tested("a.rs: v", Fate::Survived)]),
            [
                "survived, 1 times, listed 0: a.rs: v",
                "listed, 2 times, survived 1: a.rs: y",
                "listed, and there is no such mutant: a.rs: x"
            ]
        );
    }

    #[test]
    fn a_line_without_a_reason_is_refused() {
        assert!(Listed::read("- `a.rs: x`: \n").is_err());
        assert!(Listed::read("- a.rs: x\n").is_err());
    }

    #[test]
    fn the_list_is_well_formed_and_names_files_that_are_there() {
        let text = std::fs::read_to_string(workspace_root().join(FILE)).unwrap();
        for mutant in Listed::read(&text).unwrap().0.keys() {
            let (file, _) = mutant.split_once(": ").unwrap();
            assert!(workspace_root().join(super::super::SOURCES).join(file).is_file(), "{mutant}");
        }
    }
}
