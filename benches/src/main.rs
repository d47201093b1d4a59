//! Measures what the library costs: `cargo xtask bench <suite>`.
//!
//! Each line is a median. Only ratios within one run mean anything on a shared machine. After the table comes one
//! line per target: `target NAME MEASURED BOUND ok`, or `short`. A rule that did not hold makes the run fail.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
#![allow(clippy::disallowed_methods, reason = "measuring needs a clock")]

mod accepts;
mod bulk;
mod correctness;
mod cycles;
mod growth;
mod host;
mod parsing;
mod postgres;
mod report;
mod tokens;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use host::Stores;
use report::Report;
use tokio::runtime::{Builder, Runtime};

/// What a benchmark can fail with, beside being slow.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut report = Report::default();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["core", parts @ ..] => core(&mut report, parts),
        ["sqlite", parts @ ..] => sqlite(&mut report, parts),
        ["postgres", parts @ ..] => on_postgres(&mut report, parts),
        _ => Err("which suite? core, sqlite, postgres; behind it, which parts, or none for all".into()),
    };
    match outcome {
        Ok(()) => report.close(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What costs no I/O: parsing, tokens, and commands on the store in memory.
fn core(report: &mut Report, parts: &[&str]) -> Outcome {
    let wanted = wanted(parts, &["parsing", "tokens", "cycles", "bulk"])?;
    let (stores, one) = (Stores::memory(), workers(1)?);
    report.head("core");
    if wanted("parsing") {
        parsing::run(report)?;
    }
    if wanted("tokens") {
        tokens::run(report)?;
    }
    if wanted("cycles") {
        one.block_on(cycles::run(report, &stores))?;
        workers(2)?.block_on(correctness::run(report, &stores))?;
    }
    if wanted("bulk") {
        one.block_on(bulk::run(report, &stores, 200_000.0))?;
    }
    Ok(())
}

/// Commands on files of SQLite.
fn sqlite(report: &mut Report, parts: &[&str]) -> Outcome {
    let wanted = wanted(parts, &["bulk", "accepts", "growth", "idle"])?;
    let (stores, two) = (Stores::sqlite()?, workers(2)?);
    report.head("sqlite");
    if wanted("bulk") {
        two.block_on(bulk::run(report, &stores, 20_000.0))?;
    }
    if wanted("accepts") {
        two.block_on(accepts::run(report, &stores))?;
        two.block_on(correctness::run(report, &stores))?;
    }
    if wanted("growth") {
        two.block_on(growth::run(report, &Stores::sqlite_without_disk()?))?;
    }
    Ok(())
}

/// Commands on servers of Postgres that are started for it.
fn on_postgres(report: &mut Report, parts: &[&str]) -> Outcome {
    let wanted = wanted(parts, &["cycles", "bulk", "accepts", "growth"])?;
    let two = workers(2)?;
    report.head("postgres");
    if wanted("cycles") {
        two.block_on(postgres::cycles(report))?;
    }
    if wanted("bulk") {
        two.block_on(postgres::bulk(report))?;
    }
    if wanted("accepts") {
        let stores = Stores::postgres()?;
        two.block_on(accepts::run(report, &stores))?;
        two.block_on(correctness::run(report, &stores))?;
    }
    if wanted("growth") {
        two.block_on(growth::run(report, &Stores::postgres_without_disk()?))?;
    }
    Ok(())
}

/// Whether a part is asked for: all are if none is named. `idle` is measured by a program of its own.
fn wanted<'a>(parts: &'a [&str], all: &[&str]) -> Outcome<impl Fn(&str) -> bool + 'a> {
    if let Some(unknown) = parts.iter().find(|part| !all.contains(part)) {
        return Err(format!("no such part: {unknown}; there are {}", all.join(", ")).into());
    }
    Ok(|part: &str| parts.is_empty() || parts.contains(&part))
}

fn workers(count: usize) -> Outcome<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(count).enable_all().build()?)
}

/// Times a piece of work several times, after once for warmth.
fn time<T>(mut work: impl FnMut() -> T) -> Vec<Duration> {
    let mut run = || {
        let begin = Instant::now();
        std::hint::black_box(work());
        begin.elapsed()
    };
    run();
    (0..7).map(|_| run()).collect()
}
