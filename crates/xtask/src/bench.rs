//! `cargo xtask bench <suite> [part]`: what the library costs, in release mode.

use std::path::Path;

use crate::command::{self, Outcome, cargo};

/// Runs a suite, or some of its parts. Fails when a rule did not hold; a missed target is told and no failure.
pub(crate) fn run(root: &Path, suite: &str, parts: &[&str]) -> Outcome {
    let bench = ["run", "--release", "--locked", "--package", "benches", "--bin"];
    // Counting allocations slows everything down, so this one is a program of its own.
    if suite == "sqlite" && (parts.is_empty() || parts.contains(&"idle")) {
        command::run(cargo().current_dir(root).args(bench).arg("idle"))?;
    }
    command::run(cargo().current_dir(root).args(bench).args(["benches", "--", suite]).args(parts))
}
