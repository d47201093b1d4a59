//! `cargo xtask soak`: the model in release mode, for as long as told, and then the example program under `kill -9`.

use std::path::Path;

use crate::command::{self, Outcome, cargo};
use crate::kills;

/// How many rounds the program is killed in.
const KILLS: &str = "200";

/// Passes the arguments on to the program that reads them. Where one store is asked for, as when a find is looked at
/// again, nothing is killed.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let program = ["run", "--release", "--locked", "--quiet", "--package", "tests", "--bin", "soak", "--"];
    command::run(cargo().current_dir(root).args(program).args(arguments))?;
    if arguments.contains(&"--store") { Ok(()) } else { kills::run(root, KILLS, "1") }
}
