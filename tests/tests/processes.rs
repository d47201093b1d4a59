//! F1, SEA-1: several processes of a host against one organization, on a database of Postgres.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use invite::{Grant, Plan, SeatPolicy};
use tests::{Listed as _, Store, World};

const PROCESSES: usize = 4;
const SEATS: u32 = 10;
const ACCEPTS: usize = 200;

/// A process of `src/bin/accepting.rs`.
struct Accepting {
    process: Child,
    told: Lines<BufReader<ChildStdout>>,
}

impl Accepting {
    fn start(input: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_accepting"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.as_mut().unwrap().write_all(input.as_bytes()).unwrap();
        let told = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, told }
    }

    fn begin(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"begin\n").unwrap();
    }

    /// Name and code of each who accepted.
    fn end(mut self) -> Vec<(String, String)> {
        let told = self.told.map(|line| {
            let line = line.unwrap();
            let (name, code) = line.split_once(' ').unwrap();
            (name.to_owned(), code.to_owned())
        });
        let told = told.collect();
        assert!(self.process.wait().unwrap().success());
        told
    }
}

/// Ten seats, and two hundred who accept at once in four processes: ten get in, and everybody else is told why not.
async fn ten_get_in() {
    let world = World::on(Store::postgres().await);
    let acme = world.acme_on(Plan::seats("team", SEATS).seat_policy(SeatPolicy::TakeOnAccept)).await;
    let list = (0..ACCEPTS).map(|n| format!("u{n}@example.com\n")).collect::<String>();
    assert_eq!(acme.invite(list, Grant::role("member")).await.unwrap().refused().count(), 0);
    world.deliver().await;

    let url = world.store.database().unwrap().url();
    let mut processes = Vec::new();
    for of in 0..PROCESSES {
        let lines = (of..ACCEPTS).step_by(PROCESSES).map(|n| {
            let token = world.token_to(&format!("u{n}@example.com"));
            format!("u{n} {}\n", token.reveal())
        });
        processes.push(Accepting::start(&format!("{url}\n{}\n", lines.collect::<String>())));
    }
    for process in &mut processes {
        assert_eq!(process.told.next().unwrap().unwrap(), "ready");
    }
    for process in &mut processes {
        process.begin();
    }
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for (name, code) in processes.into_iter().flat_map(Accepting::end) {
        told.entry(code).or_default().push(name);
    }
    let counts = told.iter().map(|(code, names)| (code.as_str(), names.len())).collect::<Vec<_>>();
    assert_eq!(counts, [("no-seat-left", ACCEPTS - SEATS as usize), ("ok", SEATS as usize)]);
    let mut inside = told["ok"].clone();
    inside.push("ada".to_owned());
    inside.sort();
    assert_eq!(acme.users().await, inside);
    assert_eq!(acme.seats_of("team").await, (SEATS, 0));
}

#[tokio::test]
async fn f1_ten_of_two_hundred_get_in_whatever_process_they_ask() {
    for _ in 0..2 {
        ten_get_in().await;
    }
}

#[tokio::test]
#[ignore = "part of the soak"]
async fn f1_ten_of_two_hundred_get_in_every_time() {
    for _ in 0..20 {
        ten_get_in().await;
    }
}
