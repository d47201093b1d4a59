//! `cargo xtask fuzz`: every fuzz target for a given time.
//!
//! With `--check` it only compiles them, which a stable toolchain can.
//!
//! What a run learns is kept in `target/fuzz/corpus` and used by the next. The committed corpora are only read.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::command::{self, Outcome, cargo};

const SECONDS: u64 = 60;

/// Beyond this an input is slow or large for a reason, and not a text that anybody sends.
const LIMITS: [&str; 3] = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"];

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Outcome {
    if let ["--check"] = arguments {
        return command::run(&mut check(root));
    }
    let all = targets(root)?;
    let (seconds, chosen) = chosen(arguments, &all)?;
    ensure_tools()?;
    // Beforehand, so that it neither counts as time nor hides what is wrong in a log.
    command::run(&mut cargo_fuzz(root, "build"))?;
    let mut failed = Vec::new();
    for target in chosen {
        let start = Instant::now();
        let log = root.join("target/fuzz").join(format!("{target}.log"));
        let passed = fuzz(root, target, seconds, &log)?;
        let (taken, said) = (start.elapsed().as_secs(), fs::read_to_string(&log)?);
        let stat = |name: &str| stat(&said, name).unwrap_or("?");
        let mark = if passed { "ok" } else { "FAILED" };
        println!(
            "{target:<10} {mark:<6} {:>12} runs, {:>6} new inputs, {taken:>5} s",
            stat("number_of_executed_units"),
            stat("new_units_added")
        );
        if !passed {
            failed.push(format!("{target}: {}\nall it said: {}", found(&said), log.display()));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

fn targets(root: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("fuzz/targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort_unstable();
    Ok(names)
}

/// Compiles the targets as far as it goes without libFuzzer, with the toolchain of everything else. That a library is named
/// spares compiling it: nothing is linked.
fn check(root: &Path) -> Command {
    let mut command = cargo();
    command
        .current_dir(root)
        .args([
            "check",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--bins",
            "--locked",
            "--target-dir",
            "target/fuzz/check",
        ])
        .env("CUSTOM_LIBFUZZER_PATH", root.join("target/fuzz/libfuzzer.a"));
    command
}

/// `[--seconds N] [target]…`, where no target means all.
fn chosen<'a>(arguments: &[&'a str], all: &'a [String]) -> Outcome<(u64, Vec<&'a str>)> {
    let (seconds, names) = match arguments {
        ["--seconds", seconds, names @ ..] => (seconds.parse()?, names),
        names => (SECONDS, names),
    };
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|target| target == *name)) {
        return Err(format!("no such fuzz target: {unknown}; there are {}", all.join(", ")).into());
    }
    let chosen = if names.is_empty() { all.iter().map(String::as_str).collect() } else { names.to_vec() };
    Ok((seconds, chosen))
}

fn ensure_tools() -> Outcome {
    let missing = |what: &str, install: &str| format!("fuzzing needs {what}; to install it: {install}");
    let answers =
        |arguments: &[&str]| nightly().args(arguments).output().is_ok_and(|output| output.status.success());
    if !answers(&["rustc", "--version"]) {
        return Err(missing("a nightly toolchain", "rustup toolchain install nightly").into());
    }
    if !answers(&["cargo", "fuzz", "--version"]) {
        return Err(missing("cargo-fuzz", "cargo install cargo-fuzz --locked").into());
    }
    Ok(())
}

/// A program of the nightly toolchain, which libFuzzer's instrumentation needs.
fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}

fn cargo_fuzz(root: &Path, what: &str) -> Command {
    let mut command = nightly();
    command.current_dir(root).args([
        "cargo",
        "fuzz",
        what,
        "--fuzz-dir",
        "fuzz",
        "--target-dir",
        "target/fuzz",
        // What is read is read without unsafe code: what counts is how many texts are tried.
        "--sanitizer",
        "none",
    ]);
    command
}

fn fuzz(root: &Path, target: &str, seconds: u64, log: &Path) -> Outcome<bool> {
    let learnt = PathBuf::from("target/fuzz/corpus").join(target);
    fs::create_dir_all(root.join(&learnt))?;
    let said = File::create(log)?;
    let mut command = cargo_fuzz(root, "run");
    command
        .arg(target)
        .arg(learnt)
        .arg(Path::new("fuzz/corpus").join(target))
        .args(["--", "-print_final_stats=1", &format!("-max_total_time={seconds}")])
        .args(LIMITS)
        .stdin(Stdio::null())
        .stdout(said.try_clone()?)
        .stderr(said);
    Ok(command.status()?.success())
}

/// A number of libFuzzer's closing statistics.
fn stat<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let line = said.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
    line.map(|rest| rest.trim_start_matches(':').trim())
}

/// What to do about a failure: with the input that the fuzzer saved, if there is one.
fn found(said: &str) -> String {
    let saved = said.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
    match saved {
        Some(path) => format!(
            "the property does not hold for {path}; write a test, mend it, and keep the input in fuzz/corpus, \
             where `cargo test -p properties` reads it"
        ),
        None => "the target could not be run".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_time_are_chosen_in_one_order() {
        let all = ["address".to_owned(), "list".to_owned()];
        assert_eq!(chosen(&[], &all).unwrap(), (60, vec!["address", "list"]));
        assert_eq!(chosen(&["--seconds", "5"], &all).unwrap(), (5, vec!["address", "list"]));
        assert_eq!(chosen(&["--seconds", "5", "list"], &all).unwrap(), (5, vec!["list"]));
        assert!(chosen(&["lists"], &all).is_err());
        assert!(chosen(&["--seconds", "soon"], &all).is_err());
    }

    #[test]
    fn what_the_fuzzer_said_is_read() {
        let said = "\
INFO: Seed: 1
stat::number_of_executed_units: 1234
stat::new_units_added:          7
artifact_prefix='x/'; Test unit written to x/crash-1
";
        assert_eq!(
            (stat(said, "number_of_executed_units"), stat(said, "new_units_added")),
            (Some("1234"), Some("7"))
        );
        assert!(found(said).contains("x/crash-1"));
        assert_eq!(found("error: could not compile"), "the target could not be run");
    }
}
