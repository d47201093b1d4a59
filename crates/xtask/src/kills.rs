//! `cargo xtask kills`: the example program under `kill -9`, then Postgres and who works with it, in release mode.

use std::path::Path;

use invite_postgres_testing::{SERVER_VARIABLE, Server};

use crate::command::{self, Outcome, cargo};

/// Packages with a test program of kills: on SQLite and on Postgres.
const PACKAGES: [&str; 2] = ["team", "tests"];

/// So many rounds of a seed; what failed is run again with the same two numbers. A find hides nothing else.
pub(crate) fn run(root: &Path, server: &Server, rounds: &str, seed: &str) -> Outcome {
    for number in [rounds, seed] {
        number.parse::<u64>().map_err(|error| format!("`{number}`: {error}"))?;
    }
    let mut came = Ok(());
    for package in PACKAGES {
        let test =
            ["test", "--release", "--locked", "--package", package, "--test", "kills", "--", "--nocapture"];
        let mut kills = cargo();
        kills.current_dir(root).args(test).env("KILLS", rounds).env("SEED", seed);
        let killed = command::run(kills.env(SERVER_VARIABLE, server.url()));
        if let Err(error) = &killed {
            println!("kills of {package}: {error}");
        }
        came = came.and(killed);
    }
    came
}
