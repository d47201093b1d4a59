//! A process of workers or of a courier, which tests kill. Started by `tests/kills.rs`.
//!
//! The first line of its input is its order, in JSON; each of its output is something it tells.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what starts it is told by its end"
)]

use std::io::{BufRead as _, BufReader, stdin};

use tests::kills::work;

#[tokio::main]
async fn main() {
    let mut input = BufReader::new(stdin());
    let mut order = String::new();
    input.read_line(&mut order).expect("an order");
    let order = serde_json::from_str(&order).expect("an order");
    work(order, input, |line| println!("{}", serde_json::to_string(&line).unwrap())).await;
}
