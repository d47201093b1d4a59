//! `cargo xtask soak`: the model in release mode, for as long as told, and then the example program under `kill -9`.

use std::path::Path;

use crate::command::{self, Outcome, cargo};
use crate::kills;

/// How many rounds the program is killed in.
const KILLS: &str = "200";

/// Passes the arguments on to the program that reads them. Both parts begin at the same seed: the one named, or any.
/// Where one store is asked for, as when a find is looked at again, nothing is killed.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let named = arguments.iter().skip_while(|argument| **argument != "--seed").nth(1);
    let seed = named.map_or_else(any_seed, |seed| (*seed).to_owned());
    let program = ["run", "--release", "--locked", "--quiet", "--package", "tests", "--bin", "soak", "--"];
    let mut soak = cargo();
    soak.current_dir(root).args(program).args(arguments);
    if named.is_none() {
        soak.args(["--seed", &seed]);
    }
    command::run(&mut soak)?;
    if arguments.contains(&"--store") {
        return Ok(());
    }
    println!("kills: {KILLS} rounds, as `cargo xtask kills {KILLS} {seed}` does again");
    kills::run(root, KILLS, &seed)
}

#[expect(clippy::disallowed_methods, reason = "where nobody names a seed, any does")]
fn any_seed() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs()).to_string()
}
