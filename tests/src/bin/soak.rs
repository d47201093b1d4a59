//! Runs the model for as long as told, on one store or on every one. Started by `cargo xtask soak`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks to its user")]

use std::process::ExitCode;

use tests::soak::{Order, soak};

fn main() -> ExitCode {
    let order = match Order::read(std::env::args().skip(1)) {
        Ok(order) => order,
        Err(why) => {
            eprintln!("error: {why}\n\n{}", Order::USAGE);
            return ExitCode::from(2);
        }
    };
    if soak(&order, |line| println!("{line}")) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
