//! `cargo xtask mutants`: changes `invite-core` in one place after another, and sees whether its tests notice.
//!
//! Every survivor is either met by a test or listed, with a reason, in `crates/invite-core/mutants.md`.

mod groups;
mod survivors;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::{self, Outcome, cargo};
use groups::{BOUND, Run};
use survivors::Listed;

/// Names of mutants are a matter of the version.
const VERSION: &str = "27.1.0";

/// Where the crate's sources are, seen from the workspace root.
const SOURCES: &str = "crates/invite-core/src/";

pub(crate) fn run(root: &Path, asked: &[&str]) -> Outcome {
    let runs = groups::runs(root, asked)?;
    ensure_installed()?;
    let list = fs::read_to_string(root.join(survivors::FILE))?;
    let (mut lines, mut findings) = (vec![Tally::heading()], Vec::new());
    for run in &runs {
        let tested = mutate(root, run)?;
        let tally = Tally::of(&tested);
        lines.push(tally.line(&run.name));
        if run.bounded && tally.caught_in_1000() < BOUND * 10 {
            findings.push(format!("{}: less than {BOUND} % are caught", run.name));
        }
        findings.extend(Listed::read(&list)?.findings(&tested));
    }
    println!("\n{}", lines.join("\n"));
    if findings.is_empty() {
        return Ok(());
    }
    println!("\n{}", findings.join("\n"));
    Err(format!("{} findings; survivors that are accepted: {}", findings.len(), survivors::FILE).into())
}

/// What was changed, and what came of it.
struct Tested {
    /// The file below `src`, what was changed, and in which function; no line.
    mutant: String,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Caught,
    TimedOut,
    Unviable,
    Survived,
}

/// Runs cargo-mutants over the files of a group, with few cases of every property and always the same ones.
fn mutate(root: &Path, run: &Run) -> Outcome<Vec<Tested>> {
    println!("\n== mutants: {}", run.name);
    let output = root.join("target/mutants").join(run.name.replace(['/', '.'], "-"));
    fs::create_dir_all(&output)?;
    let mut mutants = politely();
    mutants.current_dir(root).args(["mutants", "--package", "invite-core", "--jobs", "1"]).arg("--output");
    mutants.arg(&output);
    for file in &run.files {
        mutants.args(["--file", &format!("{SOURCES}{file}")]);
    }
    mutants.env("CARGO_TARGET_DIR", root.join("target/mutants/target"));
    mutants.env("PROPTEST_CASES", "8").env("PROPTEST_RNG_SEED", "1").env("PROPTEST_MAX_SHRINK_ITERS", "0");
    // What fails under one mutant is no case to begin with under the next.
    mutants.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
    let status = mutants.status()?;
    // 2: some survived; 3: some timed out. Both are judged here.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(format!("cargo-mutants ended with {status}").into());
    }
    let outcomes = fs::read(output.join("mutants.out/outcomes.json"))?;
    tested(&serde_json::from_slice(&outcomes)?)
        .ok_or_else(|| "outcomes.json of cargo-mutants has another form than expected".into())
}

/// A cargo that gives way to whoever works at the machine.
fn politely() -> Command {
    if cfg!(not(unix)) {
        return cargo();
    }
    let mut nice = Command::new("nice");
    nice.args(["-n", "10"]).arg(cargo().get_program());
    nice
}

fn tested(outcomes: &Value) -> Option<Vec<Tested>> {
    let mut all = Vec::new();
    for outcome in outcomes.get("outcomes")?.as_array()? {
        let Some(mutant) = outcome.get("scenario")?.get("Mutant") else { continue };
        let fate = match outcome.get("summary")?.as_str()? {
            "CaughtMutant" => Fate::Caught,
            "Timeout" => Fate::TimedOut,
            "Unviable" => Fate::Unviable,
            "MissedMutant" => Fate::Survived,
            _ => return None,
        };
        all.push(Tested { mutant: without_line(mutant.get("name")?.as_str()?)?, fate });
    }
    Some(all)
}

/// `crates/invite-core/src/plan.rs:12:5: replace …` as `plan.rs: replace …`.
fn without_line(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix(SOURCES)?.splitn(4, ':');
    let (file, _line, _column, change) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{file}:{change}"))
}

fn ensure_installed() -> Outcome {
    let found = command::read(cargo().args(["mutants", "--version"])).unwrap_or_default();
    if String::from_utf8_lossy(&found).trim() == format!("cargo-mutants {VERSION}") {
        return Ok(());
    }
    Err(format!(
        "this needs cargo-mutants {VERSION}; to install it: cargo install --locked cargo-mutants@{VERSION}"
    )
    .into())
}

/// How many mutants came to what.
#[derive(Default)]
struct Tally {
    caught: usize,
    timed_out: usize,
    unviable: usize,
    survived: usize,
}

impl Tally {
    fn of(tested: &[Tested]) -> Self {
        let mut tally = Self::default();
        for one in tested {
            *match one.fate {
                Fate::Caught => &mut tally.caught,
                Fate::TimedOut => &mut tally.timed_out,
                Fate::Unviable => &mut tally.unviable,
                Fate::Survived => &mut tally.survived,
            } += 1;
        }
        tally
    }

    /// Of a thousand that compile; one that never ends is caught.
    fn caught_in_1000(&self) -> usize {
        let caught = self.caught + self.timed_out;
        (caught * 1_000).checked_div(caught + self.survived).unwrap_or(1_000)
    }

    fn heading() -> String {
        let heads = ["mutants", "caught", "timed out", "unviable", "survived"];
        format!("{:<32}{}   share caught", "", heads.map(|head| format!("{head:>11}")).concat())
    }

    fn line(&self, name: &str) -> String {
        let Self { caught, timed_out, unviable, survived } = self;
        let all = caught + timed_out + unviable + survived;
        let share = self.caught_in_1000();
        let counts = [all, *caught, *timed_out, *unviable, *survived].map(|count| format!("{count:>11}"));
        format!("{name:<32}{} {:>11}.{} %", counts.concat(), share / 10, share % 10)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outcomes_are_read_without_lines_and_without_the_baseline() {
        let outcome =
            |name: &str, summary: &str| json!({"scenario": {"Mutant": {"name": name}}, "summary": summary});
        let outcomes = json!({"outcomes": [
            {"scenario": "Baseline", "summary": "Success"},
            outcome("crates/invite-core/src/plan.rs:3:5: replace a::b with ()", "CaughtMutant"),
            outcome("crates/invite-core/src/plan.rs:4:5: replace == with != in a::c", "MissedMutant"),
            outcome("crates/invite-core/src/plan.rs:4:5: delete ! in a::c", "Timeout"),
            outcome("crates/invite-core/src/plan.rs:4:6: replace a::c with 0", "Unviable"),
        ]});
        let read = tested(&outcomes).unwrap();
        assert_eq!(read[0].mutant, "plan.rs: replace a::b with ()");
        assert_eq!(read.len(), 4);
        let tally = Tally::of(&read);
        assert_eq!(tally.caught_in_1000(), 666);
        let counts = "          4          1          1          1          1          66.6 %";
        assert_eq!(tally.line("plan"), format!("{:<32}{counts}", "plan"));
    }

    #[test]
    fn nothing_to_catch_is_all_caught() {
        assert_eq!(Tally::of(&[]).caught_in_1000(), 1_000);
    }
}
