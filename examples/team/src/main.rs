//! `team`: a small command-line program that wires the crates together, on a SQLite file and a folder of `.eml`
//! mails. It parses arguments and prints tables; every rule is in the library. Begin with `team demo` or `team help`.

mod args;
mod commands;
mod failure;
mod help;
mod host;
mod mails;
mod progress;
mod reasons;
mod report;
mod said;
mod table;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::said::Said;

#[tokio::main]
async fn main() -> ExitCode {
    let said = perform(std::env::args_os().skip(1).collect()).await;
    // Nobody reads on when a pipe is closed, as by `team roster | head`, and then there is nothing more to say.
    let printed = io::stdout().write_all(said.text.as_bytes()).and_then(|()| io::stdout().flush());
    if let Some(failure) = &said.failure {
        let text = failure.to_string().replace(|c: char| c.is_control() && c != '\n', " ");
        let _unread = io::stderr().write_all(text.as_bytes());
    }
    match (&said.failure, printed) {
        (Some(failure), _) => ExitCode::from(failure.exit_code()),
        (None, Err(why)) if why.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(3),
        (None, _) => ExitCode::SUCCESS,
    }
}

/// Performs one command line, without the name of the program.
async fn perform(line: Vec<OsString>) -> Said {
    match args::parse(line) {
        Ok(args::Asked::Help(text)) => Said::from(text),
        Ok(args::Asked::Command(given)) => commands::run(&given).await.unwrap_or_else(Said::from),
        Err(why) => Said::from(why),
    }
}
