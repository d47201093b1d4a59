//! `cargo xtask soak`: the model in release mode, for as long as told.

use std::path::Path;

use crate::command::{self, Outcome, cargo};

/// Passes the arguments on to the program that reads them.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let program = ["run", "--release", "--locked", "--quiet", "--package", "tests", "--bin", "soak", "--"];
    command::run(cargo().current_dir(root).args(program).args(arguments))
}
