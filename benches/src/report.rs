//! What was measured: a table as it comes, and one line per target at the end.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// On which side of its bound a measured value must lie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(bound) => measured >= bound,
            Self::AtMost(bound) => measured <= bound,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">={}", number(*bound)),
            Self::AtMost(bound) => write!(f, "<={}", number(*bound)),
        }
    }
}

/// Collects what one suite measures.
#[derive(Debug, Default)]
pub(crate) struct Report {
    targets: Vec<String>,
    wrong: Vec<String>,
}

impl Report {
    /// Prints the head of the table.
    pub(crate) fn head(&self, suite: &str) {
        println!("{suite:<64} {:>12} {:>14}", "each", "per second");
    }

    /// Prints the median time of one of `count` things, and gives how many there are in a second.
    pub(crate) fn line(&self, case: &str, count: usize, runs: Vec<Duration>) -> f64 {
        let each = median(runs).as_secs_f64() / count.max(1) as f64;
        let rate = 1.0 / each.max(1e-12);
        println!("{case:<64} {:>9.3} µs {rate:>14.0}", each * 1e6);
        rate
    }

    /// Prints a measured number that is no time.
    pub(crate) fn note(&self, case: &str, measured: f64) {
        println!("{case:<64} {:>12}", number(measured));
    }

    /// Holds a measured value against its bound.
    pub(crate) fn target(&mut self, name: &str, measured: f64, bound: Bound) {
        let word = if bound.holds(measured) { "ok" } else { "short" };
        self.targets.push(format!("target {name} {} {bound} {word}", number(measured)));
    }

    /// Notes how often a rule held that must hold each time.
    pub(crate) fn correct(&mut self, case: &str, tries: usize, held: usize) {
        let word = if held == tries { "held" } else { "BROKEN" };
        println!("{case:<64} {word:>12} {:>14}", format!("{held} of {tries}"));
        if held < tries {
            self.wrong.push(format!("{case}: held {held} times of {tries}"));
        }
    }

    /// Prints how often each of two happened.
    pub(crate) fn shares(&self, case: &str, shares: [(usize, &str); 2]) {
        let [one, other] = shares.map(|(times, what)| format!("{times} {what}"));
        println!("{case:<64} {one:>12} {other:>14}");
    }

    /// Prints the targets. A rule that was broken is a failure; a missed target is told and is none.
    pub(crate) fn close(self) -> ExitCode {
        println!();
        for target in &self.targets {
            println!("{target}");
        }
        for wrong in &self.wrong {
            println!("wrong: {wrong}");
        }
        if self.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The middle one.
pub(crate) fn median(mut runs: Vec<Duration>) -> Duration {
    runs.sort_unstable();
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

fn number(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}
