//! `cargo xtask bench <suite> [part]`: what the library costs, in release mode.

use std::path::Path;

use crate::command::{self, Outcome, cargo};

/// What counts allocations, which slows everything down: a program of its own. Its target comes behind the others.
const IDLE: &str = "idle";

/// Runs a suite, or some of its parts. Fails when a rule did not hold; a missed target is told and no failure.
pub(crate) fn run(root: &Path, suite: &str, parts: &[&str]) -> Outcome {
    let bench = |program: &str, arguments: &[&str]| {
        let run = ["run", "--release", "--locked", "--package", "benches", "--bin", program, "--"];
        command::run(cargo().current_dir(root).args(run).args(arguments))
    };
    let table = if (suite, parts) == ("sqlite", &[IDLE]) {
        Ok(())
    } else {
        bench("benches", &[&[suite], parts].concat())
    };
    if suite == "sqlite" && (parts.is_empty() || parts.contains(&IDLE)) {
        bench(IDLE, &[])?;
    }
    table
}
