//! The program under `kill -9`: processes that work on one data folder at once are killed at random moments, and
//! others go on. What was acknowledged is there, nothing is there twice, and nothing by half (LIF-11, MAI-4, STO-4).
//!
//! `KILLS` says how many rounds, 3 without it; `SEED` which ones, so that what failed can be looked at again. The
//! seed decides what the processes do, and when they are killed; how far they have come by then it cannot decide.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

#[path = "kills/file.rs"]
mod file;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use file::{File, State};

const WORKERS: usize = 3;

/// SplitMix64: the same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What a worker asks the program for.
#[derive(Debug, Clone)]
enum Deed {
    /// To invite people, in one command with a key.
    Invite(Vec<String>, String),
    Accept(String),
    Decline(String),
    Revoke(String),
    Send,
}

/// What came of a process.
#[derive(Debug)]
enum Ended {
    Done,
    Refused(String),
    Killed,
    /// It was not begun, for the round was over.
    NotBegun,
}

/// Somebody who works with the program, on people of their own. All that is known of them was acknowledged.
struct Worker {
    name: usize,
    numbers: Numbers,
    people: BTreeMap<String, State>,
    /// What was under way when the last process was killed.
    unknown: Option<Deed>,
    acknowledged: usize,
    killed: usize,
}

/// The process of a worker, where it can be killed.
type Slot = Mutex<Option<Child>>;

impl Worker {
    fn new(name: usize, seed: u64) -> Self {
        let numbers = Numbers(seed.wrapping_add(name as u64));
        Self { name, numbers, people: BTreeMap::new(), unknown: None, acknowledged: 0, killed: 0 }
    }

    /// Works until it is told to stop.
    fn work(&mut self, file: &File, slot: &Slot, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let again = self.unknown.take();
            let was_unknown = again.is_some();
            let deed = again.unwrap_or_else(|| self.next());
            match perform(file, &deed, slot, stop) {
                Ended::Done => {
                    self.acknowledged += 1;
                    self.learn(&deed);
                }
                // It had been done before its process was killed.
                Ended::Refused(code) if was_unknown => self.require_done(&deed, &code),
                Ended::Refused(code) => panic!("{deed:?}: {code}"),
                Ended::NotBegun => self.unknown = Some(deed),
                Ended::Killed => {
                    self.killed += 1;
                    self.unknown = Some(deed);
                }
            }
        }
    }

    fn next(&mut self) -> Deed {
        let invited = self.people.iter().filter(|(_, state)| **state == State::Invited);
        let invited = invited.map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let choice = self.numbers.below(8);
        if invited.is_empty() || choice < 2 {
            let first = self.people.len();
            let count = 1 + self.numbers.below(4) as usize;
            let names = (first..first + count).map(|n| format!("w{}p{n}", self.name)).collect();
            return Deed::Invite(names, format!("w{}k{first}", self.name));
        }
        let somebody = invited[self.numbers.below(invited.len() as u64) as usize].clone();
        match choice {
            2 | 3 => Deed::Accept(somebody),
            4 => Deed::Decline(somebody),
            5 => Deed::Revoke(somebody),
            _ => Deed::Send,
        }
    }

    fn learn(&mut self, deed: &Deed) {
        let (names, state) = match deed {
            Deed::Invite(names, _) => (names.clone(), State::Invited),
            Deed::Accept(name) => (vec![name.clone()], State::Accepted),
            Deed::Decline(name) => (vec![name.clone()], State::Declined),
            Deed::Revoke(name) => (vec![name.clone()], State::Revoked),
            Deed::Send => return,
        };
        self.people.extend(names.into_iter().map(|name| (name, state)));
    }

    /// Who asks again for what was done is told so. An invitation has a key, and is told its first outcome.
    fn require_done(&self, deed: &Deed, code: &str) {
        let (name, state, expected) = match deed {
            Deed::Accept(name) => (name, State::Accepted, "already-accepted"),
            Deed::Decline(name) => (name, State::Declined, "declined"),
            Deed::Revoke(name) => (name, State::Revoked, "revoked"),
            Deed::Invite(..) | Deed::Send => panic!("{deed:?}: {code}"),
        };
        assert_eq!((self.people[name], code), (state, expected), "{deed:?}");
    }

    /// Compares what was acknowledged with what is stored, and takes over what became of what was not.
    fn check(&mut self, stored: &BTreeMap<String, State>) {
        let unknown = self.unknown.clone();
        let (names, after) = match &unknown {
            Some(Deed::Invite(names, _)) => (names.clone(), State::Invited),
            Some(Deed::Accept(name)) => (vec![name.clone()], State::Accepted),
            Some(Deed::Decline(name)) => (vec![name.clone()], State::Declined),
            Some(Deed::Revoke(name)) => (vec![name.clone()], State::Revoked),
            Some(Deed::Send) | None => (Vec::new(), State::Invited),
        };
        for (name, state) in &self.people {
            let now = stored.get(name);
            let may_be = names.contains(name) && now == Some(&after);
            assert!(now == Some(state) || may_be, "{name} was {state:?} and is {now:?}, {unknown:?}");
        }
        let done = names.iter().filter(|name| stored.get(*name) == Some(&after)).count();
        assert!(done == 0 || done == names.len(), "half done: {unknown:?}");
        if done > 0
            && let Some(deed) = unknown
        {
            self.learn(&deed);
        }
        let prefix = format!("w{}p", self.name);
        let mine = stored.keys().filter(|name| name.starts_with(&prefix)).count();
        assert_eq!(mine, self.people.len(), "nobody is there whom nobody invited");
    }
}

/// Performs a deed by a process of its own.
fn perform(file: &File, deed: &Deed, slot: &Slot, stop: &AtomicBool) -> Ended {
    let address = |name: &str| format!("{name}@example.com");
    let run = |words: &[&str], input: &str| process(file.command(words), input, slot, stop);
    match deed {
        Deed::Invite(names, key) => {
            let list = names.iter().map(|name| address(name)).collect::<Vec<_>>().join("\n");
            run(&["invite", "-", "--role", "member", "--key", key], &list).0
        }
        Deed::Accept(name) | Deed::Decline(name) => {
            let link = file.link(&address(name));
            let verb = if matches!(deed, Deed::Accept(_)) { "accept" } else { "decline" };
            run(&[verb, "-", "--as", name, "--vouch", &address(name)], &link).0
        }
        Deed::Revoke(name) => run(&["revoke", &address(name)], "").0,
        Deed::Send => run(&["send"], "").0,
    }
}

/// Runs a process to its end, or until somebody kills it.
fn process(mut command: Command, input: &str, slot: &Slot, stop: &AtomicBool) -> (Ended, String) {
    let mut output = {
        let mut slot = slot.lock().unwrap();
        if stop.load(Ordering::SeqCst) {
            return (Ended::NotBegun, String::new());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = slot.insert(command.spawn().unwrap());
        // Whoever is killed reads no more.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        (child.stdout.take().unwrap(), child.stderr.take().unwrap())
    };
    let (mut said, mut complained) = (String::new(), String::new());
    output.0.read_to_string(&mut said).unwrap();
    output.1.read_to_string(&mut complained).unwrap();
    let status = slot.lock().unwrap().take().unwrap().wait().unwrap();
    let all = format!("{said}{complained}");
    let ended = match status.code() {
        None => Ended::Killed,
        Some(0) => Ended::Done,
        Some(1) => Ended::Refused(refusal(&all)),
        Some(code) => panic!("{command:?} ended with {code}: {all}"),
    };
    (ended, said)
}

/// The code in what a refused command said: of the whole command, or of its only item.
fn refusal(said: &str) -> String {
    let code =
        said.split_once("code: ").or_else(|| said.split_once("refused: ")).map_or(said, |(_, code)| code);
    code.split_whitespace().next().unwrap_or_default().to_owned()
}

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn what_was_acknowledged_outlives_kills_at_any_moment() {
    let (rounds, seed) = (number("KILLS", 3), number("SEED", 1));
    let file = File::new(&["--seats", "team=100000", "--seats", "client=1"]);
    let mut workers = (0..WORKERS).map(|name| Worker::new(name, seed)).collect::<Vec<_>>();
    let mut moments = Numbers(seed.wrapping_mul(31));
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        let slots = (0..WORKERS).map(|_| Slot::default()).collect::<Vec<_>>();
        let moment = Duration::from_millis(20 + moments.below(300));
        thread::scope(|scope| {
            for (worker, slot) in workers.iter_mut().zip(&slots) {
                let (file, stop) = (&file, &stop);
                scope.spawn(move || worker.work(file, slot, stop));
            }
            thread::sleep(moment);
            stop.store(true, Ordering::SeqCst);
            for slot in &slots {
                if let Some(child) = slot.lock().unwrap().as_mut() {
                    child.kill().unwrap();
                }
            }
        });
        let stored = file.check();
        workers.iter_mut().for_each(|worker| worker.check(&stored));
        if rounds > 3 && round % 20 == 19 {
            println!("{} rounds, {} people", round + 1, stored.len());
        }
    }
    let mails = file.check_mail();
    let acknowledged = workers.iter().map(|worker| worker.acknowledged).sum::<usize>();
    let killed = workers.iter().map(|worker| worker.killed).sum::<usize>();
    println!(
        "{rounds} rounds of seed {seed}: {acknowledged} commands acknowledged, {killed} killed, {mails} mails"
    );
    assert!(killed > 0 && acknowledged > 0, "it was tried");
}

/// SEA-1, CON-1: many accept at once, in processes of their own; as many get in as there are seats.
#[test]
fn processes_at_once_share_the_seats() {
    const SEATS: usize = 10;
    let file = File::new(&["--seats", "team=10", "--seats", "client=1", "--take-seats", "accept"]);
    let names = (0..16).map(|n| format!("w0p{n}")).collect::<Vec<_>>();
    let (slot, stop) = (Slot::default(), AtomicBool::new(false));
    let invited = perform(&file, &Deed::Invite(names.clone(), "k".to_owned()), &slot, &stop);
    assert!(matches!(invited, Ended::Done), "{invited:?}");
    let accept = |names: &[String]| {
        let (slot, stop) = (Slot::default(), AtomicBool::new(false));
        let ended = names.iter().map(|name| perform(&file, &Deed::Accept(name.clone()), &slot, &stop));
        ended
            .filter(|ended| match ended {
                Ended::Done => true,
                Ended::Refused(code) if code == "no-seat-left" => false,
                ended => panic!("{ended:?}"),
            })
            .count()
    };
    let in_time = thread::scope(|scope| {
        let halves = names.chunks(names.len() / 2).map(|half| scope.spawn(|| accept(half)));
        halves.collect::<Vec<_>>().into_iter().map(|half| half.join().unwrap()).sum::<usize>()
    });
    assert_eq!(in_time, SEATS);
    let stored = file.check();
    assert_eq!(stored.values().filter(|state| **state == State::Accepted).count(), SEATS);
    assert_eq!(stored.values().filter(|state| **state == State::Invited).count(), names.len() - SEATS);
}
