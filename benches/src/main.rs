//! Measures what the library costs: `cargo run --release -p benches`.
//!
//! Each line is the median of several runs. Only ratios within one run mean anything on a shared machine.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]
#![allow(clippy::disallowed_methods, reason = "measuring needs a clock")]

mod core;
mod service;

use std::time::{Duration, Instant};

/// What a benchmark can fail with.
type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    println!("{:<52} {:>14} {:>16}", "case", "each", "per second");
    core::run()?;
    service::run().await
}

/// Prints how long one of `count` things took.
fn report(case: &str, count: usize, mut runs: Vec<Duration>) {
    runs.sort();
    let median = runs.get(runs.len() / 2).copied().unwrap_or_default();
    let each = median.as_secs_f64() / count.max(1) as f64;
    println!("{case:<52} {:>11.3} µs {:>16.0}", each * 1e6, 1.0 / each.max(1e-12));
}

/// Times a piece of work several times.
fn time<T>(case: &str, count: usize, mut work: impl FnMut() -> T) {
    let mut run = || {
        let begin = Instant::now();
        std::hint::black_box(work());
        begin.elapsed()
    };
    run();
    report(case, count, (0..7).map(|_| run()).collect());
}
