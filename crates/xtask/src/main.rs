//! The project's own commands, run as `cargo xtask <command>`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks to its user")]

mod api;
mod arrows;
mod bench;
mod command;
mod coverage;
mod fuzz;
mod kills;
mod licences;
mod mutants;
mod no_std;
mod postgres;
mod soak;
mod test;

use std::path::Path;
use std::process::ExitCode;

use command::Outcome;

const USAGE: &str = "\
cargo xtask test     every test and check of the workspace
cargo xtask api      compare the public API of every published crate with the text in api/
                     [--update]: write the text
cargo xtask arrows   who may depend on whom, and whose types public signatures may name
                     [--manifest-path <Cargo.toml>]: of another workspace
cargo xtask bench <core|sqlite|postgres> [part]...
                     what the library costs, in release mode, against its targets
cargo xtask kills    the example `team`, then Postgres and its clients, killed at random moments, 200 rounds of seed 1
                     [ROUNDS [SEED]]
cargo xtask coverage lines that the tests run, by crate; needs cargo-llvm-cov
cargo xtask fuzz     every fuzz target for a minute each; needs a nightly toolchain and cargo-fuzz
                     [--seconds <N>] [<target>…]: for so long, and only these
cargo xtask licences licences, versions and sources of what users of the crates build
cargo xtask mutants  what of invite-core can be changed without a test that notices; needs cargo-mutants
                     [group or file]...: only there
cargo xtask no-std   build invite-core alone for a target without std
cargo xtask postgres install what the tests need of Postgres where it is missing, and say what there is
                     [--version <N>]: this major version
cargo xtask soak     random histories of the model, in release mode, for as long as told; then processes and kills
                     [--minutes N | --steps N] [--store memory|sqlite|postgres] [--seed S]";

fn main() -> ExitCode {
    if let Some(code) = arrows::stand_in_for_rustdoc() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    let root = command::workspace_root();
    match arguments {
        ["test"] => test::run(root),
        ["api", rest @ ..] => api::run(root, rest),
        ["arrows"] => arrows::run(&root.join("Cargo.toml")),
        ["arrows", "--manifest-path", manifest] => arrows::run(Path::new(manifest)),
        ["coverage"] => coverage::run(root),
        ["licences"] => licences::run(root),
        ["fuzz", rest @ ..] => fuzz::run(root, rest),
        ["no-std"] => no_std::run(root),
        ["bench", suite, parts @ ..] => bench::run(root, suite, parts),
        ["kills"] => kills::run(root, &postgres::server()?, "200", "1"),
        ["kills", rounds] => kills::run(root, &postgres::server()?, rounds, "1"),
        ["kills", rounds, seed] => kills::run(root, &postgres::server()?, rounds, seed),
        ["mutants", asked @ ..] => mutants::run(root, asked),
        ["postgres", rest @ ..] => postgres::run(rest),
        ["soak", order @ ..] => soak::run(root, order),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no such command: {}\n\n{USAGE}", other.join(" ")).into()),
    }
}
