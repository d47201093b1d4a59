//! `cargo xtask test`: every test and check, stopping at the first that fails.

use std::path::Path;
use std::time::{Duration, Instant};

use invite_postgres_testing::SERVER_VARIABLE;

use crate::command::{self, Outcome, cargo};
use crate::postgres;

/// The name of a step, and the arguments of cargo that run it. What is typed to run one again is what runs here.
type Step = (&'static str, &'static [&'static str]);

const STEPS: &[Step] = &[
    ("tests", &["test", "--workspace", "--all-targets", "--locked"]),
    ("doc tests", &["test", "--workspace", "--doc", "--locked"]),
    // Processes of their own: building the tests may have replaced the program that runs here.
    ("arrows", &["xtask", "arrows"]),
    ("api", &["xtask", "api"]),
    ("licences", &["xtask", "licences"]),
    ("no-std", &["xtask", "no-std"]),
    ("fuzz", &["xtask", "fuzz", "--check"]),
];

pub(crate) fn run(root: &Path) -> Outcome {
    let server = postgres::server()?;
    let mut done = Vec::new();
    for (name, arguments) in STEPS {
        let line = format!("cargo {}", arguments.join(" "));
        println!("\n== {name}: {line}");
        let start = Instant::now();
        let outcome =
            command::run(cargo().current_dir(root).args(*arguments).env(SERVER_VARIABLE, server.url()));
        done.push((*name, start.elapsed(), outcome.is_ok()));
        if outcome.is_err() {
            print!("{}", summary(&done));
            return Err(format!("step `{name}` failed; to run it again: {line}").into());
        }
    }
    print!("{}", summary(&done));
    Ok(())
}

fn summary(done: &[(&str, Duration, bool)]) -> String {
    let mut text = String::from("\n");
    for (name, time, passed) in done {
        let mark = if *passed { "ok" } else { "FAILED" };
        text.push_str(&format!("{name:<10} {mark:<6} {:>7.1} s\n", time.as_secs_f64()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_a_line_per_step_that_ran() {
        let done =
            [("tests", Duration::from_millis(12_340), true), ("arrows", Duration::from_secs(1), false)];
        assert_eq!(summary(&done), "\ntests      ok        12.3 s\narrows     FAILED     1.0 s\n");
    }
}
