//! `cargo xtask kills`: the example program under `kill -9`, in release mode.

use std::path::Path;

use crate::command::{self, Outcome, cargo};

/// So many rounds of a seed; what failed is run again with the same two numbers.
pub(crate) fn run(root: &Path, rounds: &str, seed: &str) -> Outcome {
    for number in [rounds, seed] {
        number.parse::<u64>().map_err(|error| format!("`{number}`: {error}"))?;
    }
    let test = ["test", "--release", "--locked", "--package", "team", "--test", "kills", "--", "--nocapture"];
    command::run(cargo().current_dir(root).args(test).env("KILLS", rounds).env("SEED", seed))
}
