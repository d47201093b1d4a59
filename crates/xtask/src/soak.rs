//! `cargo xtask soak`: the model in release mode, for as long as told, then several processes at once, and then what
//! `cargo xtask kills` kills.

use std::path::Path;

use invite_postgres_testing::SERVER_VARIABLE;

use crate::command::{self, Outcome, cargo};
use crate::{kills, postgres};

/// In how many rounds somebody is killed.
const KILLS: &str = "200";
/// What the model ends with where it does not understand its arguments.
const MISREAD: i32 = 2;

/// Several processes against one organization, twenty times.
const PROCESSES: [&str; 9] =
    ["test", "--release", "--locked", "--package", "tests", "--test", "processes", "--", "--ignored"];

/// Passes the arguments on to the program that reads them. The model and the kills begin at the same seed: the one named, or
/// any. Where one store is asked for, as when a find is looked at again, only the model is run; a find hides nothing else.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    let named = arguments.iter().skip_while(|argument| **argument != "--seed").nth(1);
    let seed = named.map_or_else(any_seed, |seed| (*seed).to_owned());
    let program = ["run", "--release", "--locked", "--quiet", "--package", "tests", "--bin", "soak", "--"];
    let mut soak = cargo();
    soak.current_dir(root).args(program).args(arguments);
    if named.is_none() {
        soak.args(["--seed", &seed]);
    }
    let store = arguments.iter().skip_while(|argument| **argument != "--store").nth(1);
    let server = match store {
        None | Some(&"postgres") => Some(postgres::server()?),
        Some(_) => None,
    };
    if let Some(server) = &server {
        soak.env(SERVER_VARIABLE, server.url());
    }
    let status = command::status(&mut soak)?;
    let searched = command::came(&soak, status);
    let Some(server) = server.filter(|_| store.is_none() && status.code() != Some(MISREAD)) else {
        return searched;
    };
    let mut at_once = cargo();
    at_once.current_dir(root).args(PROCESSES).env(SERVER_VARIABLE, server.url());
    let at_once = command::run(&mut at_once);
    if let (Err(_), Err(error)) = (&searched, &at_once) {
        println!("processes: {error}");
    }
    let searched = searched.and(at_once);
    println!("kills: {KILLS} rounds, as `cargo xtask kills {KILLS} {seed}` does again");
    searched.and(kills::run(root, &server, KILLS, &seed))
}

#[expect(clippy::disallowed_methods, reason = "where nobody names a seed, any does")]
fn any_seed() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs()).to_string()
}
